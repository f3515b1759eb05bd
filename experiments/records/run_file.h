// The results of a run as one self-describing HDF5 file, which h5py, xarray, MATLAB and HDFView open without our code.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/records/run_table.h"

namespace gradus::records {

// Each table lies in a group of its name; the index is the dimension scale of its columns. Groups are NeXus' NXdata:
// who knows that (H5Web) opens them as a plot, the file with its default table's: the one that the attribute `default`
// names, else the last with a column that says which way is better, else the first. Attributes become attributes of the
// root: texts and numbers as they are, truth values as 0 and 1, lists and objects as JSON text. The file is written
// under another name, synced and renamed: a reader finds the old version or the new one. Throws std::runtime_error with
// the path; the old version then remains.
void write_run_file(const std::filesystem::path& path, const std::vector<const MetricTable*>& tables,
                    const nlohmann::json& attributes);

// A text attribute of such a file's root, "status" for instance. Throws std::runtime_error with the path for a file
// that is none.
std::string text_in_run_file(const std::filesystem::path& path, const std::string& name);

}  // namespace gradus::records
