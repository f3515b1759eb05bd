#include "experiments/records/run_file.h"

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>

#include "experiments/records/files.h"
#include "experiments/records/hdf5.h"
#include "experiments/records/sealed.h"

namespace gradus::records {
namespace {

h5::Array write_scale(h5::Node& group, const std::string& name, const std::vector<std::int64_t>& values) {
  h5::Array scale = group.scale(name, values);
  scale.attribute("units", "1");
  scale.attribute("long_name", name);
  return scale;
}

void write_table(h5::Node& group, const MetricTable& table) {
  const h5::Array scale = write_scale(group, table.index_name(), table.index());
  std::map<std::string, h5::Array> axes;  // of columns of vectors: 0, 1, ...
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    const Column& column = table.columns()[i];
    if (!column.axis.empty() && !axes.contains(column.axis)) {
      std::vector<std::int64_t> positions(static_cast<std::size_t>(column.length));
      std::iota(positions.begin(), positions.end(), 0);
      axes.emplace(column.axis, write_scale(group, column.axis, positions));
    }
    h5::Array dataset = column.axis.empty() ? group.numbers(column.name, table.values(i), scale)
                                            : group.vectors(column.name, table.values(i), scale, axes.at(column.axis),
                                                            column.single_precision);
    dataset.attribute("units", column.units);
    dataset.attribute("long_name", column.long_name.empty() ? column.name : column.long_name);
  }
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
  h5::File file(path);
  {
    h5::Node root = file.root();
    write_attributes(root, attributes);
    for (const MetricTable* table : tables) {
      if (table->name() == root_table) {
        write_table(root, *table);
      } else {
        h5::Node group = root.group(table->name());
        write_table(group, *table);
      }
    }
  }
  write_file(path, file.image());
}

}  // namespace gradus::records
