#include "experiments/lab/loaded_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "experiments/lab/saved_state_file.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"

namespace gradus::lab {
namespace {

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

nlohmann::json json_in(const records::StateFile& file, const char* name) {
  return records::parse_json(file.text(name));
}

// Why the file belongs to something else; empty if it does not. Throws as read_state().
std::string difference_of(const records::StateFile& file, const nlohmann::json& manifest,
                          const ExpectedState& expected) {
  if (const std::string theirs = without_seeds(file.text("optimizer")); theirs != expected.optimizer)
    return fmt::format("optimizer: {}, expected {}", theirs, expected.optimizer);
  if (const std::string other = other_numbers(json_in(file, "recipe"), expected.recipe, "");
      !other.empty() && !expected.other_numbers)
    return fmt::format("optimizer: {}; --other-numbers goes on all the same", other);
  if (manifest.at("slices") != expected.slices)
    return "model: " + difference_of(manifest.at("slices"), expected.slices);
  if (manifest.at("dtype") != name_of(expected.type))
    return fmt::format("element type: {}, expected {}", manifest.at("dtype").get<std::string>(),
                       name_of(expected.type));
  return "";
}

}  // namespace

LoadedState read_optimizer_state(const std::filesystem::path& path, const ExpectedState& expected) {
  const records::StateFile file(path);
  const auto damaged = [&](const std::exception& error) {
    return std::runtime_error(records::one_line(fmt::format("{}: is damaged: {}", path.string(), error.what())));
  };
  std::string difference;
  LoadedState loaded;
  try {
    const nlohmann::json manifest = json_in(file, "manifest");
    difference = difference_of(file, manifest, expected);
    if (difference.empty())
      loaded = {read_tensor(file, "", "theta", {expected.parameters}, expected.type), read_state(file, manifest)};
  } catch (const nlohmann::json::exception& error) {
    throw damaged(error);
  } catch (const std::invalid_argument& error) {
    throw damaged(error);
  }
  if (difference.empty()) return loaded;
  throw std::invalid_argument(
      records::one_line(fmt::format("{}: is the state of another {}", path.string(), difference)));
}

}  // namespace gradus::lab
