// All parameters of a model as one contiguous vector, and the state that its layers keep beside them.
#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tape.h"
#include "autodiff/tensor/parameter_slice.h"
#include "nn/initializers.h"

namespace gradus::nn {

// State of a layer that is not trained, such as running statistics.
struct BufferSlice {
  std::string name;  // "layers.1.running_mean"
  Shape shape;
  double initial = 0;  // of every element
};

// What a set holds. Everything declared in it keeps it alive, so that a set that is gone is never taken for another
// one.
struct ParameterList {
  std::vector<ParameterSlice> slices;
  std::vector<Initializer> initializers;  // of the slices
  std::vector<BufferSlice> buffers;
  std::int64_t size = 0;
};

// A layer's handle of a parameter or a buffer. A layer makes it with its own name, for messages; declaring the layer
// tells it its place in a set, and until then it is refused wherever it is used.
template <class Slice>
class Handle {
 public:
  explicit Handle(const char* layer = "a layer") : layer_(layer) {}

 private:
  friend class ParameterSet;
  friend class Forward;
  const char* layer_;
  std::shared_ptr<const ParameterList> list_;  // null until it is declared
  std::size_t index_ = 0;
};
using ParameterId = Handle<ParameterSlice>;
using BufferId = Handle<BufferSlice>;

// The same of everything that an inner layer declares, for a layer that passes it on.
class ParameterRange {
 public:
  explicit ParameterRange(const char* layer = "a layer") : layer_(layer) {}

 private:
  friend class ParameterScope;
  friend class Forward;
  const char* layer_;
  std::shared_ptr<const ParameterList> list_;
  std::size_t first_ = 0, count_ = 0;
};

// What the layers of a model have declared: where each parameter lies in the one vector of all, and the buffers.
class ParameterSet {
 public:
  ParameterSet() = default;
  ParameterSet(const ParameterSet&) = delete;
  ParameterSet& operator=(const ParameterSet&) = delete;

  // Throws std::invalid_argument if the name is taken, or if `id` is of this set already: a layer has one place.
  void add(ParameterId& id, ParameterSlice slice, Initializer initializer);
  const std::vector<ParameterSlice>& slices() const { return list_->slices; }
  // The length of the parameter vector.
  std::int64_t size() const { return list_->size; }
  // The parameter vector with every slice as its initialiser leaves it; each slice draws from a stream of its own name.
  Tensor initial(DType type, const RandomStream& random) const;
  // The shaped parts of a vector of this length.
  std::vector<Tensor> views(const Tensor& vector) const;

  // The same for a buffer.
  void add(BufferId& id, BufferSlice slice);
  const std::vector<BufferSlice>& buffers() const { return list_->buffers; }
  // New memory for every buffer, as it begins; in the order of buffers(). Whoever trains the model keeps it, hands it
  // to each Forward, and writes it into checkpoints by name.
  std::vector<Tensor> initial_buffers(DType type) const;

 private:
  friend class ParameterScope;
  std::shared_ptr<ParameterList> list_ = std::make_shared<ParameterList>();
};

// Where a layer declares its parameters: a set and the layer's path in the model.
class ParameterScope {
 public:
  explicit ParameterScope(ParameterSet& set, std::string path = {}) : set_(set), path_(std::move(path)) {}
  // Throw as ParameterSet::add does. In another set than before, the layer moves there.
  void declare(ParameterId& id, const std::string& name, const Shape& shape, Initializer initializer,
               std::vector<std::string> tags = {});
  void declare_buffer(BufferId& id, const std::string& name, const Shape& shape, double initial);
  // Declares an inner layer in this place.
  template <class L>
  void declare(ParameterRange& range, L& inner) {
    range.first_ = set_.slices().size();
    inner.declare(*this);
    range.count_ = set_.slices().size() - range.first_;
    range.list_ = set_.list_;
  }
  ParameterScope child(const std::string& name) const;
  // The path of a part of this name.
  std::string name_of(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }
  // Declares a part of a layer that has several, in a place of its own: "name.weight", ...
  template <class L>
  void declare_part(const std::string& name, L& part) {
    ParameterScope place = child(name);
    part.declare(place);
  }

 private:
  ParameterSet& set_;
  std::string path_;
};

// What the pass is for: dropout drops and batch normalisation takes the batch's statistics only to train.
enum class Mode { train, evaluate };

// A value inside a model, and the name of what computed it.
struct Observed {
  std::string_view name;
  Var value;
};

// What a layer sees during a forward pass: the parameters on the tape, the mode, a fresh key for each use of
// randomness, and the buffers. A training pass with buffers updates them; give it none where a batch is evaluated
// again. An evaluating pass only reads them. Parameters and buffers are those of one set, in its order; both must
// outlive the pass, so that temporaries are refused.
class Forward {
 public:
  Forward(std::span<const Var> parameters, Mode mode, RandomStream random, std::span<const Tensor> buffers = {})
      : parameters_(parameters), mode_(mode), random_(random), buffers_(buffers) {}
  template <class Parameters>
  requires std::same_as<Parameters, std::vector<Var>> Forward(Parameters&&, Mode, RandomStream,
                                                              std::span<const Tensor> = {})
  = delete;
  template <class Parameters, class Buffers>
  requires std::same_as<Buffers, std::vector<Tensor>> Forward(Parameters&&, Mode, RandomStream, Buffers&&)
  = delete;

  // Throws std::invalid_argument, with the layer's name and the remedy, for what was not declared or is of another set
  // than the pass.
  const Var& operator[](const ParameterId& id) const {
    if (!list_ || id.list_.get() != list_) [[unlikely]]
      join(id.layer_, id.list_.get());
    return parameters_[id.index_];
  }
  std::span<const Var> operator[](const ParameterRange& range) const {
    if (!list_ || range.list_.get() != list_) join(range.layer_, range.list_.get());
    return parameters_.subspan(range.first_, range.count_);
  }
  std::span<const Var> parameters() const { return parameters_; }
  // A pass of the same set and mode, from other numbers.
  Forward again(std::span<const Var> parameters, RandomStream random, std::span<const Tensor> buffers) const {
    Forward pass(parameters, mode_, random, buffers);
    pass.list_ = list_;
    return pass;
  }
  bool training() const { return mode_ == Mode::train; }
  Mode mode() const { return mode_; }
  std::span<const Tensor> buffers() const { return buffers_; }
  std::uint64_t random_key() { return random_.bits(); }
  bool has_buffers() const { return !buffers_.empty(); }
  // Throws as for parameters, and if the pass has no buffers.
  const Tensor& buffer(const BufferId& id) const;
  // Recurrent layers, whose hidden_weight has the tag "recurrent", show the states of all steps here, for whoever asks
  // to collect them.
  void hidden_states(const Var& states) const {
    if (collected_states_) collected_states_->push_back(states);
  }
  void collect_hidden_states(std::vector<Var>& into) { collected_states_ = &into; }
  // Layers show what they compute inside, under a name that lives as long as they do, for whoever asks to look: a
  // Sequential shows the output of each of its layers. What is shown keeps its memory.
  void observe(std::string_view name, const Var& value) const {
    if (!observed_) return;
    value.tape().protect(value);
    observed_->push_back({name, value});
  }
  void collect_observed(std::vector<Observed>& into) { observed_ = &into; }

 private:
  // The pass is of the set of the first layer that asks. Throws for an undeclared layer, one of another set, and
  // parameters that are not this set's.
  void join(const char* layer, const ParameterList* list) const;

  std::span<const Var> parameters_;
  Mode mode_;
  RandomStream random_;
  std::span<const Tensor> buffers_;
  mutable const ParameterList* list_ = nullptr;
  std::vector<Var>* collected_states_ = nullptr;
  std::vector<Observed>* observed_ = nullptr;
};

}  // namespace gradus::nn
