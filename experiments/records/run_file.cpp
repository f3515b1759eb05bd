#include "experiments/records/run_file.h"

#include <fmt/format.h>

#include <hdf5.h>
#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>

#include <nlohmann/json.hpp>
#include <numeric>
#include <string>

#include "experiments/records/described_arrays.h"
#include "experiments/records/files.h"
#include "experiments/records/hdf5.h"
#include "experiments/records/hdf5_error.h"
#include "experiments/records/sealed.h"

namespace gradus::records {
namespace {

// NXdata: the first column that is drawn, and others of its shape. A plain one goes before vectors.
void describe_plot(h5::Node& group, const MetricTable& table) {
  const auto drawn = [](const Column& column) { return column.draw != Draw::none; };
  std::vector<std::string> signals, axes{table.index_column().name};
  for (const Column& column : table.columns())
    if (drawn(column) && column.axis.empty()) signals.push_back(column.name);
  if (signals.empty()) {
    const auto vectors = std::find_if(table.columns().begin(), table.columns().end(), drawn);
    if (vectors != table.columns().end()) {
      signals.push_back(vectors->name);
      axes.push_back(vectors->axis);
    }
  }
  group.attribute("axes", axes);
  if (signals.empty()) return;
  group.attribute("NX_class", std::string("NXdata"));
  group.attribute("signal", signals[0]);
  signals.erase(signals.begin());
  if (!signals.empty()) group.attribute("auxiliary_signals", signals);
}

void write_table(h5::Node& group, const MetricTable& table) {
  const h5::Array scale = write_scale(group, table.index_column(), table.index());
  std::map<std::string, h5::Array> axes;
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    const Column& column = table.columns()[i];
    if (!column.axis.empty() && !axes.contains(column.axis)) axes.emplace(column.axis, write_axis(group, column));
    h5::Array dataset = column.axis.empty() ? group.numbers(column.name, table.values(i), scale)
                                            : group.vectors(column.name, table.values(i), scale, axes.at(column.axis),
                                                            column.single_precision);
    describe(dataset, column);
  }
  describe_plot(group, table);
}

std::string default_table(const std::vector<const MetricTable*>& tables, const nlohmann::json& attributes) {
  const std::string chosen = text_member(attributes, "default");
  const MetricTable* found = tables.front();
  for (const MetricTable* table : tables) {
    if (table->name() == chosen) return chosen;
    const auto judged = [](const Column& column) { return column.better != Better::neither; };
    if (std::any_of(table->columns().begin(), table->columns().end(), judged)) found = table;
  }
  return found->name();
}

void write_attributes(h5::Node& group, const nlohmann::json& attributes) {
  for (const auto& [name, value] : attributes.items()) {
    if (value.is_string()) {
      group.attribute(name, value.get<std::string>());
    } else if (value.is_number_float()) {
      group.attribute(name, value.get<double>());
    } else if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX}) {
      group.attribute(name, value.get<std::uint64_t>());
    } else if (value.is_number()) {
      group.attribute(name, value.get<std::int64_t>());
    } else if (value.is_boolean()) {
      group.attribute(name, std::int64_t{value.get<bool>()});
    } else if (value.is_null()) {  // a number that JSON does not have: the log's NaN
      group.attribute(name, std::numeric_limits<double>::quiet_NaN());
    } else {
      group.attribute(name, json_text(value));
    }
  }
}

}  // namespace

void write_run_file(const std::filesystem::path& path, const std::vector<const MetricTable*>& tables,
                    const nlohmann::json& attributes) {
  std::size_t expected = 0;
  for (const MetricTable* table : tables)
    expected += static_cast<std::size_t>(table->rows() * (table->width() + 1)) * sizeof(double);
  h5::File file(path, expected);
  {
    h5::Node root = file.root();
    nlohmann::json of_the_root = attributes;
    of_the_root["NX_class"] = "NXroot";
    of_the_root.erase("default");
    if (!tables.empty()) of_the_root["default"] = default_table(tables, attributes);
    write_attributes(root, of_the_root);
    for (const MetricTable* table : tables) {
      h5::Node group = root.group(table->name());
      write_table(group, *table);
    }
  }
  write_file(path, file.image());
}

std::string text_in_run_file(const std::filesystem::path& path, const std::string& name) {
  const h5::Silence silence;
  const std::string what = path.string() + ": cannot read";
  const h5::Object file = h5::opened(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, what, "file");
  return h5::text_attribute(file, name, what);
}

}  // namespace gradus::records
