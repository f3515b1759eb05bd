#include "experiments/minimize/data_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/lab/idx.h"

namespace gradus {
namespace {

constexpr std::string_view separators = ",;\t ";

// The cells of a line; several spaces are one separator, and a comma may have spaces around it.
std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  bool after_mark = true;  // a cell must follow
  while (!line.empty()) {
    const std::size_t end = std::min(line.find_first_of(separators), line.size());
    if (end > 0) {
      cells.push_back(line.substr(0, end));
      after_mark = false;
    } else if (line[0] != ' ' && line[0] != '\t') {
      if (after_mark) cells.push_back({});
      after_mark = true;
    }
    line.remove_prefix(std::max<std::size_t>(end, 1));
  }
  return cells;
}

std::optional<double> number_in(std::string_view cell) {
  if (cell.starts_with('+')) cell.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

problems::Data read_table(const std::filesystem::path& path, std::int64_t most) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(fmt::format("{}: cannot open", path.string()));
  std::vector<double> inputs, targets;
  std::size_t columns = 0;
  std::int64_t number = 0;
  bool may_be_names = true;
  for (std::string line; std::getline(file, line) && (most == 0 || std::cmp_less(targets.size(), most));) {
    ++number;
    const auto fail = [&](const std::string& what) {
      throw std::runtime_error(fmt::format("{}: line {}: {}", path.string(), number, what));
    };
    if (line.ends_with('\r')) line.pop_back();
    const std::vector<std::string_view> cells = cells_of(line);
    if (cells.empty() || cells[0].starts_with('#')) continue;
    std::vector<double> row;
    for (const std::string_view cell : cells) {
      const std::optional<double> value = number_in(cell);
      if (!value) {
        if (may_be_names && row.empty()) break;
        fail(fmt::format("'{}' is not a finite number", cell.substr(0, 40)));
      }
      row.push_back(*value);
    }
    if (std::exchange(may_be_names, false) && row.empty()) continue;
    if (columns == 0) columns = row.size();
    if (row.size() != columns) fail(fmt::format("{} numbers, expected {} as in the lines before", row.size(), columns));
    if (columns < 2) fail("one number, expected inputs and a target");
    targets.push_back(row.back());
    inputs.insert(inputs.end(), row.begin(), row.end() - 1);
  }
  if (file.bad()) throw std::runtime_error(fmt::format("{}: cannot read", path.string()));
  if (targets.empty()) throw std::runtime_error(fmt::format("{}: holds no rows of numbers", path.string()));
  const auto n = static_cast<std::int64_t>(targets.size());
  return {Tensor::of({n, static_cast<std::int64_t>(columns) - 1}, inputs), Tensor::of({n}, targets)};
}

problems::Data read_images(const std::filesystem::path& images, const std::filesystem::path& labels,
                           std::int64_t most) {
  const lab::IdxFile pixels = lab::read_idx(images, 3), classes = lab::read_idx(labels, 1);
  if (pixels.shape[0] != classes.shape[0])
    throw std::runtime_error(fmt::format("{}: {} images, but {} labels in {}", images.string(), pixels.shape[0],
                                         classes.shape[0], labels.string()));
  const std::int64_t n = most > 0 ? std::min(most, pixels.shape[0]) : pixels.shape[0],
                     size = pixels.shape[1] * pixels.shape[2];
  problems::Data data{Tensor::uninitialized({n, size}, DType::float64), Tensor::uninitialized({n}, DType::float64)};
  const auto scaled = data.inputs.elements<double>();
  for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] = pixels.bytes[i] / 255.0;
  std::copy_n(classes.bytes.begin(), n, data.targets.data<double>());
  return data;
}

}  // namespace gradus
