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

// Where two lists of slices differ, in words.
std::string difference_of(const nlohmann::json& saved, const nlohmann::json& expected) {
  const std::size_t common = std::min(saved.size(), expected.size());
  const auto text = [](const nlohmann::json& slice) {
    return slice.at("name").get<std::string>() + " " + slice.at("shape").dump();
  };
  for (std::size_t i = 0; i < common; ++i)
    if (saved[i] != expected[i])
      return fmt::format("it has {} where {} is expected", text(saved[i]), text(expected[i]));
  if (saved.size() > common) return fmt::format("it has {} beyond what is expected", text(saved[common]));
  return fmt::format("it lacks {}", text(expected[common]));
}

// A signature, "method(name=value name=value)", as it is since methods have no seeds of their own.
std::string without_seeds(std::string signature) {
  for (const std::string name : {"label_seed=", "probe_seed=", "seed="}) {
    std::size_t begin = 0;
    while ((begin = signature.find(name, begin)) != std::string::npos) {
      const std::size_t end = signature.find_first_not_of("0123456789", begin + name.size());
      const bool is_whole = begin > 0 && (signature[begin - 1] == '(' || signature[begin - 1] == ' ');
      if (!is_whole || end == std::string::npos || end == begin + name.size()) {
        begin += name.size();
        continue;
      }
      // With the space that parted it from its neighbour, or with the brackets around it alone.
      const bool is_first = signature[begin - 1] == '(', is_last = signature[end] == ')';
      const std::size_t from = is_first && !is_last ? begin : begin - 1;
      signature.erase(from, (is_first ? end + 1 : end) - from);
      begin = from;
    }
  }
  return signature;
}

// The first value that both recipes have and that is not the same: "learning_rate 0.1, expected 0.2".
std::string other_numbers(const nlohmann::json& saved, const nlohmann::json& ours, const std::string& name) {
  if (!saved.is_structured() || saved.type() != ours.type())
    return saved == ours ? "" : fmt::format("{} {}, expected {}", name, saved.dump(), ours.dump());
  for (const auto& [key, value] : ours.items()) {
    const auto theirs = saved.is_object() ? saved.find(key)
                                          : saved.begin() + std::min<std::ptrdiff_t>(std::stol(key), std::ssize(saved));
    if (key == "stream" || theirs == saved.end()) continue;  // of the run's seed; new since
    if (std::string other = other_numbers(*theirs, value, ours.is_object() ? key : name); !other.empty()) return other;
  }
  return "";
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
  const records::StateFile file(path);
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument(fmt::format("{}: is the state of another {}", path.string(), why));
  };
  if (const std::string theirs = without_seeds(file.text("optimizer")), ours = optim::signature(recipe); theirs != ours)
    refuse(fmt::format("optimizer: {}, expected {}", theirs, ours));
  try {
    if (const std::string other = other_numbers(nlohmann::json::parse(file.text("recipe")), json_of(recipe), "");
        !other.empty() && !allow_other_numbers)
      refuse(fmt::format("optimizer: {}; --other-numbers goes on all the same", other));
    const auto manifest = nlohmann::json::parse(file.text("manifest"));
    if (const auto expected = json_of(slices); manifest.at("slices") != expected)
      refuse("model: " + difference_of(manifest.at("slices"), expected));
    if (manifest.at("dtype") != name_of(type))
      refuse(fmt::format("element type: {}, expected {}", manifest.at("dtype").get<std::string>(), name_of(type)));
    std::int64_t size = 0;
    for (const ParameterSlice& slice : slices) size += slice.size();

    LoadedState loaded;
    loaded.theta = read_tensor(file, "", "theta", {size}, type);
    loaded.state = read_state(file, manifest);
    return loaded;
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(fmt::format("{}: is damaged: {}", path.string(), error.what()));
  }
}

}  // namespace gradus::lab
