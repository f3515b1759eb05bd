#include "experiments/lab/saved_state_file.h"

#include <nlohmann/json.hpp>

#include "experiments/records/whole_number.h"

namespace gradus::lab {
namespace {

Shape shape_of(const nlohmann::json& extents) {
  Shape shape;
  for (const auto& extent : extents) shape.append(records::whole_number<std::int64_t>(extent));
  return shape;
}

}  // namespace

std::vector<std::int64_t> extents_of(const Shape& shape) {
  std::vector<std::int64_t> extents;
  for (int axis = 0; axis < shape.rank(); ++axis) extents.push_back(shape[axis]);
  return extents;
}

records::StoredArray stored(const Tensor& tensor) {
  records::StoredArray array{extents_of(tensor.shape()), {}};
  with_floating(tensor.dtype(), [&]<class T>(T) { array.elements = std::span<const T>(tensor.elements<T>()); });
  return array;
}

Tensor read_tensor(const records::StateFile& file, const std::string& group, const std::string& name,
                   const Shape& shape, DType type) {
  Tensor values;
  with_floating(type, [&]<class T>(T) {
    file.read<T>(group, name, extents_of(shape), [&] {
      values = Tensor::uninitialized(shape, type);
      return values.elements<T>();
    });
  });
  return values;
}

void put_state(records::StateContents& contents, nlohmann::json& manifest, const optim::SavedState& state) {
  for (const char* kind : {"tensors", "counters", "numbers"}) manifest[kind] = nlohmann::json::array();
  for (const auto& [name, tensor] : state.tensors) {
    nlohmann::json one{{"name", name}, {"defined", tensor.defined()}};
    if (tensor.defined()) {
      one["shape"] = extents_of(tensor.shape());
      one["dtype"] = name_of(tensor.dtype());
    }
    manifest["tensors"].push_back(std::move(one));
  }
  for (const auto& [name, value] : state.counters) manifest["counters"].push_back(name);
  for (const auto& [name, value] : state.numbers) manifest["numbers"].push_back(name);
  for (const auto& [name, tensor] : state.tensors)
    if (tensor.defined()) contents.tensors.emplace(name, stored(tensor));
  contents.counters = {state.counters.begin(), state.counters.end()};
  contents.numbers = {state.numbers.begin(), state.numbers.end()};
}

optim::SavedState read_state(const records::StateFile& file, const nlohmann::json& manifest) {
  optim::SavedState state;
  for (const auto& one : manifest.at("tensors")) {
    const std::string name = one.at("name");
    state.tensors[name] = one.at("defined").get<bool>() ? read_tensor(file, "tensors", name, shape_of(one.at("shape")),
                                                                      floating_dtype(one.at("dtype")))
                                                        : Tensor();
  }
  for (const std::string name : manifest.at("counters")) state.counters[name] = file.counter(name);
  for (const std::string name : manifest.at("numbers")) state.numbers[name] = file.number(name);
  return state;
}

}  // namespace gradus::lab
