// All parameters of a model as one contiguous vector, and the state that its layers keep beside them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "autodiff/tape.h"
#include "nn/initializers.h"

namespace gradus::nn {

// A named, shaped part of the parameter vector.
struct ParameterSlice {
  std::string name;  // "layers.0.weight"
  Shape shape;
  std::int64_t offset = 0;  // of its first element
  Initializer initializer;
  std::vector<std::string> tags;  // "bias", "norm", ...
};

// The position of a parameter in its set.
using ParameterId = std::size_t;

// State of a layer that is not trained, such as running statistics.
struct BufferSlice {
  std::string name;  // "layers.1.running_mean"
  Shape shape;
  double initial = 0;  // of every element
};
using BufferId = std::size_t;

class ParameterSet {
 public:
  // Throws if the name is taken.
  ParameterId add(ParameterSlice slice);
  const std::vector<ParameterSlice>& slices() const { return slices_; }
  // The length of the parameter vector.
  std::int64_t size() const { return size_; }
  // The parameter vector with every slice as its initialiser leaves it; each slice draws from a stream of its own name.
  Tensor initial(DType type, const RandomStream& random) const;
  // The shaped parts of a vector of this length.
  std::vector<Tensor> views(const Tensor& vector) const;

  // Throws if the name is taken by another buffer.
  BufferId add_buffer(BufferSlice slice);
  const std::vector<BufferSlice>& buffers() const { return buffers_; }
  // New memory for every buffer, as it begins; in the order of buffers(). Whoever trains the model keeps it, hands it
  // to each Forward, and writes it into checkpoints by name.
  std::vector<Tensor> initial_buffers(DType type) const;

 private:
  std::vector<ParameterSlice> slices_;
  std::vector<BufferSlice> buffers_;
  std::int64_t size_ = 0;
};

// Where a layer declares its parameters: a set and the layer's path in the model.
class ParameterScope {
 public:
  explicit ParameterScope(ParameterSet& set, std::string path = {}) : set_(set), path_(std::move(path)) {}
  ParameterId declare(const std::string& name, const Shape& shape, Initializer initializer,
                      std::vector<std::string> tags = {});
  BufferId declare_buffer(const std::string& name, const Shape& shape, double initial);
  ParameterScope child(const std::string& name) const;
  // Parameters declared so far in the whole set.
  std::size_t parameter_count() const { return set_.slices().size(); }

 private:
  std::string name_of(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }
  ParameterSet& set_;
  std::string path_;
};

enum class Mode { train, evaluate };

// What a layer sees during a forward pass: the parameters on the tape, the mode, a fresh key for each use of
// randomness, and the buffers. A training pass with buffers updates them; give it none where a batch is evaluated
// again. An evaluating pass only reads them.
class Forward {
 public:
  Forward(std::span<const Var> parameters, Mode mode, RandomStream random, std::span<const Tensor> buffers = {})
      : parameters_(parameters), mode_(mode), random_(random), buffers_(buffers) {}
  const Var& operator[](ParameterId id) const { return parameters_[id]; }
  bool training() const { return mode_ == Mode::train; }
  Mode mode() const { return mode_; }
  std::span<const Tensor> buffers() const { return buffers_; }
  std::uint64_t random_key() { return random_.bits(); }
  bool has_buffers() const { return !buffers_.empty(); }
  // Throws if the pass has no such buffer.
  const Tensor& buffer(BufferId id) const;
  // Recurrent layers, whose hidden_weight has the tag "recurrent", show the states of all steps here, for whoever asks to
  // collect them.
  void hidden_states(const Var& states) const {
    if (collected_states_) collected_states_->push_back(states);
  }
  void collect_hidden_states(std::vector<Var>& into) { collected_states_ = &into; }

 private:
  std::span<const Var> parameters_;
  Mode mode_;
  RandomStream random_;
  std::span<const Tensor> buffers_;
  std::vector<Var>* collected_states_ = nullptr;
};

}  // namespace gradus::nn
