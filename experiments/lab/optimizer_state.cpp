#include "experiments/lab/optimizer_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "experiments/lab/saved_state_file.h"

namespace gradus::lab {
namespace {

nlohmann::json json_of(std::span<const ParameterSlice> slices) {
  auto all = nlohmann::json::array();
  for (const ParameterSlice& slice : slices) all.push_back({{"name", slice.name}, {"shape", extents_of(slice.shape)}});
  return all;
}

nlohmann::json json_of(const optim::NamedValues& values) {
  auto all = nlohmann::json::object();
  for (const auto& [name, value] : values) {
    if (value.is_text())
      all[name] = value.text();
    else
      all[name] = value.number();
  }
  return all;
}

nlohmann::json json_of(const optim::Recipe& recipe) {
  nlohmann::json all{{"method", recipe.method},
                     {"values", json_of(recipe.values)},
                     {"wrappers", nlohmann::json::array()},
                     {"schedules", nlohmann::json::array()},
                     {"groups", nlohmann::json::array()},
                     {"stream", recipe.stream.key()}};
  if (recipe.own) all["program"] = recipe.own->source;
  for (const auto& [name, values] : recipe.wrappers)
    all["wrappers"].push_back({{"name", name}, {"values", json_of(values)}});
  for (const auto& [hyperparameter, schedule, values] : recipe.schedules)
    all["schedules"].push_back(
        {{"hyperparameter", hyperparameter}, {"schedule", schedule}, {"values", json_of(values)}});
  for (const auto& [selector, values] : recipe.groups)
    all["groups"].push_back({{"selector", selector}, {"values", json_of(values)}});
  return all;
}

void require_finite(const std::filesystem::path& path, const std::string& name, const Tensor& tensor) {
  if (!tensor.defined()) return;
  with_floating(tensor.dtype(), [&]<class T>(T) {
    const auto elements = tensor.elements<T>();
    if (!std::all_of(elements.begin(), elements.end(), [](T x) { return std::isfinite(x); }))
      throw std::runtime_error(
          fmt::format("{}: is not written: {} has a number that is not finite", path.string(), name));
  });
}

}  // namespace

void save_state_file(const std::filesystem::path& path, const Tensor& theta, std::span<const ParameterSlice> slices,
                     const optim::Recipe& recipe, const optim::SavedState& state) {
  require_finite(path, "theta", theta);
  for (const auto& [name, tensor] : state.tensors) require_finite(path, name, tensor);
  records::StateContents contents{
      .texts = {{"optimizer", optim::signature(recipe)}, {"recipe", json_of(recipe).dump()}}, .theta = stored(theta)};
  nlohmann::json manifest{{"dtype", name_of(theta.dtype())}, {"slices", json_of(slices)}};
  put_state(contents, manifest, state);
  contents.texts["manifest"] = manifest.dump();
  records::write_state_file(path, contents);
}

LoadedState load_state_file(const std::filesystem::path& path, std::span<const ParameterSlice> slices, DType type,
                            const optim::Recipe& recipe, bool allow_other_numbers) {
  std::int64_t parameters = 0;
  for (const ParameterSlice& slice : slices) parameters += slice.size();
  return read_optimizer_state(path, {.optimizer = optim::signature(recipe),
                                     .recipe = json_of(recipe),
                                     .other_numbers = allow_other_numbers,
                                     .slices = json_of(slices),
                                     .parameters = parameters,
                                     .type = type});
}

}  // namespace gradus::lab
