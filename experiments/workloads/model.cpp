#include "experiments/workloads/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "settings/parse.h"
#include "settings/text.h"

namespace gradus::workloads {
namespace {

// "256,128"; nothing where it is no such list.
std::optional<std::vector<std::int64_t>> parse_sizes(const std::string& text) {
  std::vector<std::int64_t> sizes;
  if (text.empty()) return sizes;
  for (const std::string_view part : settings::split(text, ',')) {
    const auto size = settings::number_in<std::int64_t>(part);
    if (!size || *size < 1 || *size > 999'999) return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

std::string written(const std::vector<std::int64_t>& sizes) { return fmt::format("{}", fmt::join(sizes, ",")); }

}  // namespace

void refuse_task(std::string_view model, const Task& task, std::string_view expected) {
  throw std::invalid_argument(
      fmt::format("model {}: examples of {}, expected {}", model, task.input.to_string(), expected));
}

Shape image_of(std::string_view model, const Task& task) {
  const int rank = task.input.rank();
  if (rank != 2 && rank != 3) refuse_task(model, task, "[height, width] or [height, width, channels]");
  return {task.input[0], task.input[1], rank == 3 ? task.input[2] : 1};
}

Model::Model(std::shared_ptr<Interface> self, std::size_t members) : self_(std::move(self)) {
  const ModelDescription description = self_->describe();
  name = description.name;
  if (description.fields.size() + description.sizes.size() != members)
    throw std::logic_error(fmt::format("model {}: describe() needs one field for each member", name));
}

Model Model::with_options(lab::Run& run) const {
  Model chosen = *this;
  chosen.self_ = self_->clone();
  void* const values = chosen.self_->values();
  const ModelDescription description = self_->describe();
  for (const SizesField& field : description.sizes) {
    const auto read = [&](const std::string& text) {
      const std::optional<std::vector<std::int64_t>> sizes = parse_sizes(text);
      if (!sizes || sizes->size() < field.at_least)
        throw lab::UsageError(fmt::format("option --{}={}: expected {}layer sizes such as 128 or 256,128", field.name,
                                          text, field.at_least > 0 ? fmt::format("at least {} ", field.at_least) : ""));
      return *sizes;
    };
    const auto canonical = [&](const std::string& text) { return written(read(text)); };
    std::vector<std::int64_t>& sizes = field.of(values);
    sizes = read(run.option(field.name, written(sizes), field.help, lab::written_as(canonical)));
  }
  for (const settings::Field& field : description.fields)
    field.set(values, run.option(settings::hyperparameter(field.name, field.get(values), field.range, field.help)));
  return chosen;
}

}  // namespace gradus::workloads
