// All parameters of a model as one contiguous vector.
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

 private:
  std::vector<ParameterSlice> slices_;
  std::int64_t size_ = 0;
};

// Where a layer declares its parameters: a set and the layer's path in the model.
class ParameterScope {
 public:
  explicit ParameterScope(ParameterSet& set, std::string path = {}) : set_(set), path_(std::move(path)) {}
  ParameterId declare(const std::string& name, const Shape& shape, Initializer initializer,
                      std::vector<std::string> tags = {});
  ParameterScope child(const std::string& name) const;

 private:
  std::string name_of(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }
  ParameterSet& set_;
  std::string path_;
};

enum class Mode { train, evaluate };

// What a layer sees during a forward pass: the parameters on the tape, the mode, and a fresh key for each use of randomness.
class Forward {
 public:
  Forward(std::span<const Var> parameters, Mode mode, RandomStream random)
      : parameters_(parameters), mode_(mode), random_(random) {}
  const Var& operator[](ParameterId id) const { return parameters_[id]; }
  bool training() const { return mode_ == Mode::train; }
  std::uint64_t random_key() { return random_.bits(); }

 private:
  std::span<const Var> parameters_;
  Mode mode_;
  RandomStream random_;
};

}  // namespace gradus::nn
