#include "nn/parameters.h"

#include <fmt/format.h>

namespace gradus::nn {

namespace {

// Where a slice of this name goes, for whoever has no place in this list yet.
template <class Slice>
std::size_t new_place(const char* kind, const std::vector<Slice>& slices, const Slice& slice, const char* layer,
                      const Slice* earlier) {
  if (earlier)
    throw std::invalid_argument(fmt::format(
        "{}: declared as '{}', but it is '{}' in the same set: make another layer, or use this one in both places",
        layer, slice.name, earlier->name));
  for (const Slice& other : slices)
    if (other.name == slice.name)
      throw std::invalid_argument(fmt::format("{} '{}' is declared twice", kind, slice.name));
  return slices.size();
}

}  // namespace

void ParameterSet::add(ParameterId& id, ParameterSlice slice, Initializer initializer) {
  id.index_ =
      new_place("parameter", list_->slices, slice, id.layer_, id.list_ == list_ ? &list_->slices[id.index_] : nullptr);
  id.list_ = list_;
  slice.offset = list_->size;
  list_->size += slice.shape.size();
  list_->slices.push_back(std::move(slice));
  list_->initializers.push_back(std::move(initializer));
}

void ParameterSet::add(BufferId& id, BufferSlice slice) {
  id.index_ =
      new_place("buffer", list_->buffers, slice, id.layer_, id.list_ == list_ ? &list_->buffers[id.index_] : nullptr);
  id.list_ = list_;
  list_->buffers.push_back(std::move(slice));
}

Tensor ParameterSet::initial(DType type, const RandomStream& random) const {
  const Tensor vector = Tensor::zeros({list_->size}, type);
  const std::vector<Tensor> parts = views(vector);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    RandomStream own = random.child(list_->slices[i].name);
    list_->initializers[i].fill(parts[i], own);
  }
  return vector;
}

std::vector<Tensor> ParameterSet::views(const Tensor& vector) const {
  if (vector.shape() != Shape{list_->size})
    throw std::invalid_argument(
        fmt::format("parameters: vector {}, expected [{}]", vector.shape().to_string(), list_->size));
  std::vector<Tensor> parts;
  for (const ParameterSlice& slice : list_->slices) parts.push_back(vector.part(slice.offset, slice.shape));
  return parts;
}

std::vector<Tensor> ParameterSet::initial_buffers(DType type) const {
  std::vector<Tensor> buffers;
  for (const BufferSlice& slice : list_->buffers) buffers.push_back(Tensor::full(slice.shape, slice.initial, type));
  return buffers;
}

void Forward::join(const char* layer, const ParameterList* list) const {
  const auto refuse = [&](const std::string& what) { throw std::invalid_argument(fmt::format("{}: {}", layer, what)); };
  if (!list)
    refuse(
        "used before it was declared: declare() this very layer in the model's set (a copy made before knows nothing)");
  if (list_)
    refuse(
        "declared in another set than a layer before it in the same pass: declare() both in one set, one after the "
        "other");
  if (parameters_.size() != list->slices.size())
    refuse(fmt::format("declared in a set of {} parameters, but the pass has {}: give it the whole set's, in its order",
                       list->slices.size(), parameters_.size()));
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].defined() && parameters_[i].shape() != list->slices[i].shape)
      refuse(fmt::format("the pass has {} for '{}' {}: give it the parameters of the set that the layer is declared in",
                         parameters_[i].shape().to_string(), list->slices[i].name, list->slices[i].shape.to_string()));
  list_ = list;
}

const Tensor& Forward::buffer(const BufferId& id) const {
  if (!list_ || id.list_.get() != list_) join(id.layer_, id.list_.get());
  if (buffers_.size() != list_->buffers.size())
    throw std::invalid_argument(
        fmt::format("{}: keeps state that was not handed over: the pass has {} buffers, its set {}", id.layer_,
                    buffers_.size(), list_->buffers.size()));
  return buffers_[id.index_];
}

void ParameterScope::declare_buffer(BufferId& id, const std::string& name, const Shape& shape, double initial) {
  set_.add(id, {name_of(name), shape, initial});
}

void ParameterScope::declare(ParameterId& id, const std::string& name, const Shape& shape, Initializer initializer,
                             std::vector<std::string> tags) {
  set_.add(id, {name_of(name), shape, 0, std::move(tags)}, std::move(initializer));
}

ParameterScope ParameterScope::child(const std::string& name) const { return ParameterScope(set_, name_of(name)); }

}  // namespace gradus::nn
