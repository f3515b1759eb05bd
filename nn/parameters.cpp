#include "nn/parameters.h"

namespace gradus::nn {

ParameterId ParameterSet::add(ParameterSlice slice) {
  for (const ParameterSlice& other : slices_)
    if (other.name == slice.name) throw std::invalid_argument("parameter '" + slice.name + "' is declared twice");
  slice.offset = size_;
  size_ += slice.shape.size();
  slices_.push_back(std::move(slice));
  return slices_.size() - 1;
}

Tensor ParameterSet::initial(DType type, const RandomStream& random) const {
  const Tensor vector = Tensor::zeros({size_}, type);
  const std::vector<Tensor> parts = views(vector);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    RandomStream own = random.child(slices_[i].name);
    slices_[i].initializer.fill(parts[i], own);
  }
  return vector;
}

std::vector<Tensor> ParameterSet::views(const Tensor& vector) const {
  if (vector.shape() != Shape{size_})
    throw std::invalid_argument("parameters: vector " + vector.shape().to_string() + ", expected [" +
                                std::to_string(size_) + "]");
  std::vector<Tensor> parts;
  for (const ParameterSlice& slice : slices_) parts.push_back(vector.part(slice.offset, slice.shape));
  return parts;
}

BufferId ParameterSet::add_buffer(BufferSlice slice) {
  for (const BufferSlice& other : buffers_)
    if (other.name == slice.name) throw std::invalid_argument("buffer '" + slice.name + "' is declared twice");
  buffers_.push_back(std::move(slice));
  return buffers_.size() - 1;
}

std::vector<Tensor> ParameterSet::initial_buffers(DType type) const {
  std::vector<Tensor> buffers;
  for (const BufferSlice& slice : buffers_) buffers.push_back(Tensor::full(slice.shape, slice.initial, type));
  return buffers;
}

const Tensor& Forward::buffer(BufferId id) const {
  if (id >= buffers_.size())
    throw std::invalid_argument("forward: buffer " + std::to_string(id) + " of a pass with " +
                                std::to_string(buffers_.size()) +
                                " buffers: a layer keeps state that was not handed over");
  return buffers_[id];
}

BufferId ParameterScope::declare_buffer(const std::string& name, const Shape& shape, double initial) {
  return set_.add_buffer({name_of(name), shape, initial});
}

ParameterId ParameterScope::declare(const std::string& name, const Shape& shape, Initializer initializer,
                                    std::vector<std::string> tags) {
  return set_.add({name_of(name), shape, 0, std::move(initializer), std::move(tags)});
}

ParameterScope ParameterScope::child(const std::string& name) const { return ParameterScope(set_, name_of(name)); }

}  // namespace gradus::nn
