// State files whose digest holds and whose texts are not those of their contents: a checkpoint of a run, and the state
// of an optimizer. The first three lines are the texts "checkpoint" and "manifest", "recipe" and "optimizer"; each
// later one is something that the file holds: `f NAME EXTENT ...` or `d NAME EXTENT ...` an array of float or double,
// `c NAME NUMBER` a counter, `n NAME NUMBER` a number, `t EXTENT` theta.
#include <nlohmann/json.hpp>
#include <sstream>

#include "experiments/lab/bytes_as_numbers.h"
#include "experiments/lab/loaded_state.h"
#include "experiments/lab/run_state.h"
#include "experiments/records/state_file.h"
#include "tests/fuzz/target.h"

using namespace gradus;
using nlohmann::json;

namespace {

constexpr std::size_t most_elements = 4096, most_parts = 64;
const std::vector<float> floats(most_elements, 2);
const std::vector<double> doubles(most_elements, 0.5);

// None for extents that an array of ours cannot have.
template <class T>
std::optional<records::StoredArray> array_of(std::istream& line, const std::vector<T>& elements) {
  records::StoredArray array;
  std::size_t count = 1;
  for (std::int64_t extent = 0; line >> extent;) {
    if (extent < 0 || extent > std::ssize(elements) || array.shape.size() == 6) return std::nullopt;
    array.shape.push_back(extent);
    count *= static_cast<std::size_t>(extent);
    if (count > elements.size()) return std::nullopt;
  }
  array.elements = std::span(elements).first(count);
  return array;
}

bool is_name(const std::string& name) {
  return !name.empty() && name != "." && name.find_first_of(std::string_view("/\0", 2)) == name.npos;
}

void take_part(records::StateContents& contents, std::istringstream line) {
  std::string kind, name;
  line >> kind;
  if (kind == "t") contents.theta = array_of(line, doubles);
  if (!(line >> name) || !is_name(name)) return;
  if (kind == "f")
    if (auto array = array_of(line, floats)) contents.tensors.insert_or_assign(name, *std::move(array));
  if (kind == "d")
    if (auto array = array_of(line, doubles)) contents.tensors.insert_or_assign(name, *std::move(array));
  if (kind == "c") line >> contents.counters[name];
  if (kind == "n") line >> contents.numbers[name];
}

records::StateContents contents_in(const std::string& text) {
  std::istringstream lines(text.substr(0, text.find('\0')));
  records::StateContents contents;
  std::string line;
  for (const auto& names : {std::vector<std::string>{"checkpoint", "manifest"}, {"recipe"}, {"optimizer"}}) {
    std::getline(lines, line);
    for (const std::string& name : names) contents.texts[name] = line;
  }
  for (std::size_t part = 0; part < most_parts && std::getline(lines, line); ++part)
    take_part(contents, std::istringstream(line));
  return contents;
}

void require_same(const lab::RunState& a, const lab::RunState& b) {
  fuzz::require(a.step == b.step && a.run_id == b.run_id && a.arithmetic == b.arithmetic &&
                    a.divergence == b.divergence && json_of(a.position) == json_of(b.position),
                "a checkpoint written again says the same");
  fuzz::require(a.state.counters == b.state.counters && a.state.numbers == b.state.numbers,
                "a checkpoint written again has the same numbers");
  for (const auto& [name, tensor] : a.state.tensors)
    fuzz::require(b.state.tensors.at(name).defined() == tensor.defined() &&
                      (!tensor.defined() || b.state.tensors.at(name).shape() == tensor.shape()),
                  "a checkpoint written again has the same tensors");
}

// As the state of an optimizer from outside is kept: a tensor, and how many bytes are in it.
void take_bytes(const optim::SavedState& state) {
  for (const auto& entry : state.tensors) {
    const Tensor& numbers = entry.second;
    const auto size = state.counters.find(entry.first);
    if (!numbers.defined() || numbers.dtype() != DType::float32 || size == state.counters.end()) continue;
    fuzz::accepts<std::runtime_error>("", [&] { lab::bytes_of_numbers(numbers, size->second); });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = fuzz::scratch() / "state", again = fuzz::scratch() / "again";
  records::write_state_file(path, contents_in(std::string(fuzz::text_of(data, size))));
  bool some = false;
  lab::RunState run;
  if (fuzz::accepts<std::runtime_error>(path.string(), [&] { run = lab::load_run_state(path); })) {
    lab::save_run_state(again, run);
    require_same(run, lab::load_run_state(again));
    some = true;
  }
  const json slices = {{{"name", "weight"}, {"shape", {2, 2}}}};
  const lab::ExpectedState expected{
      "sgd(momentum=0.9)", {{"method", "sgd"}, {"values", {{"momentum", 0.9}}}}, false, slices, 4, DType::float64};
  lab::LoadedState loaded;
  if (fuzz::accepts<std::runtime_error, std::invalid_argument>(
          path.string(), [&] { loaded = lab::read_optimizer_state(path, expected); })) {
    fuzz::require(loaded.theta.shape() == Shape{4}, "theta has the parameters that are expected");
    some = true;
  }
  take_bytes(run.state);
  take_bytes(loaded.state);
  if (some) fuzz::refusal().clear();
  return 0;
}
