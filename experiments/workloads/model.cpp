#include "experiments/workloads/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "experiments/records/numbers.h"

namespace gradus::workloads {
namespace {

// "256,128"; nothing where it is no such list.
std::optional<std::vector<std::int64_t>> parse_sizes(const std::string& text) {
  std::vector<std::int64_t> sizes;
  for (std::size_t first = 0; !text.empty() && first <= text.size();) {
    const std::size_t comma = std::min(text.find(',', first), text.size());
    const auto size = records::number_in<std::int64_t>(std::string_view(text).substr(first, comma - first));
    if (!size || *size < 1 || *size > 999'999) return std::nullopt;
    sizes.push_back(*size);
    first = comma + 1;
  }
  return sizes;
}

std::string written(const std::vector<std::int64_t>& sizes) { return fmt::format("{}", fmt::join(sizes, ",")); }

}  // namespace

Task classification(const lab::Dataset& data) { return {{data.height, data.width}, data.classes}; }

void FieldVisitor::operator()(const char* name, std::int64_t& value, const char* help, const lab::Check& check) const {
  value = run_.option(name, value, help, check);
}

void FieldVisitor::operator()(const char* name, double& value, const char* help, const lab::Check& check) const {
  value = run_.option(name, value, help, check);
}

void FieldVisitor::operator()(const char* name, std::string& value, const char* help, const lab::Check& check) const {
  value = run_.option(name, value, help, check);
}

void FieldVisitor::operator()(const char* name, std::vector<std::int64_t>& value, const char* help,
                              std::size_t at_least) const {
  const auto read = [&](const std::string& text) {
    const std::optional<std::vector<std::int64_t>> sizes = parse_sizes(text);
    if (!sizes || sizes->size() < at_least)
      throw lab::UsageError(fmt::format("option --{}={}: expected {}layer sizes such as 128 or 256,128", name, text,
                                        at_least > 0 ? fmt::format("at least {} ", at_least) : ""));
    return *sizes;
  };
  const auto canonical = [&](const std::string& text) { return written(read(text)); };
  value = read(run_.option(name, written(value), help, lab::written_as(canonical)));
}

}  // namespace gradus::workloads
