// Labelled images in IDX files, as MNIST and Fashion-MNIST come.
#pragma once

#include <filesystem>
#include <string>

#include "experiments/lab/source.h"

namespace gradus::lab {

// {train,t10k}-{images-idx3,labels-idx1}-ubyte, with or without .gz, from a directory or, where that is empty, from
// where Debian's dataset-fashion-mnist installs, for the name "fashion-mnist". Images [height, width] in [0, 1], which
// stay bytes until a batch is made, and labels. The files are read once in a process, when examples are first looked
// at; that throws std::invalid_argument for a name that needs a directory, and std::runtime_error with the path for one
// that does not exist and for a bad file: see read_idx(), and counts of images and labels that differ, labels above 9,
// images of different sizes.
Dataset idx_dataset(const std::string& name, const std::filesystem::path& directory);

}  // namespace gradus::lab
