// Layers: small values that know names and shapes, not memory.
#pragma once

#include <memory>
#include <vector>

#include "autodiff/operations.h"
#include "nn/parameters.h"

namespace gradus::nn {

// x[batch, in] -> y[batch, out] = x W + b
class Linear {
 public:
  Linear(std::int64_t in, std::int64_t out, Initializer weight = glorot_uniform(), Initializer bias = zeros());
  void declare(ParameterScope& scope);  // "weight" [in, out], "bias" [out] (tag: bias)
  Var forward(Forward& f, const Var& x) const { return affine(x, f[weight_], f[bias_]); }

 private:
  std::int64_t in_, out_;
  Initializer weight_initializer_, bias_initializer_;
  ParameterId weight_{"Linear"}, bias_{"Linear"};
};

// A layer without parameters that is one function. Called with a temporary, it may write its result over that.
template <auto function>
struct Activation {
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const { return function(x); }
  Var forward(Forward&, Var&& x) const { return function(last_use(x)); }
};
using Relu = Activation<[](const Var& x) { return relu(x); }>;
using Tanh = Activation<[](const Var& x) { return tanh(x); }>;
using Sigmoid = Activation<[](const Var& x) { return sigmoid(x); }>;
using Softplus = Activation<[](const Var& x) { return softplus(x); }>;
using Gelu = Activation<[](const Var& x) { return gelu(x); }>;
using Softmax = Activation<[](const Var& x) { return softmax(x); }>;

// Drops activations with a probability in [0, 1) while training; the identity while evaluating.
class Dropout {
 public:
  explicit Dropout(double probability);
  void declare(ParameterScope&) {}
  Var forward(Forward& f, const Var& x) const;
  Var forward(Forward& f, Var&& x) const;

 private:
  Var drop(Forward& f, const Var& x) const;
  double probability_;
};

// x[batch, ...] -> [batch, product of the rest]
struct Flatten {
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const;
};

// x[batch, product of the extents] -> [batch, extents...], such as rows of pixels -> images [height, width, channels]
class Unflatten {
 public:
  explicit Unflatten(const Shape& extents) : extents_(extents) {}
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const;

 private:
  Shape extents_;
};

// Any type with declare(ParameterScope&) and forward(Forward&, const Var&) is a layer. A second forward(Forward&, Var&&) is
// called where nobody else needs x, and may give its memory away (last_use in autodiff/tape.h). A value: a copy is another
// layer, which a declaration of the first one does not touch.
class Layer {
 public:
  template <class L>
    requires(!std::same_as<std::decay_t<L>, Layer>)
  Layer(L&& layer) : self_(std::make_shared<Model<std::decay_t<L>>>(std::forward<L>(layer))) {}
  Layer(const Layer&) = default;  // and no moves, which would leave a layer without anything inside
  Layer& operator=(const Layer&) = default;
  void declare(ParameterScope& scope) {
    if (self_.use_count() > 1) self_ = self_->copy();  // until then copies share what none of them changes
    self_->declare(scope);
  }
  Var forward(Forward& f, const Var& x) const { return self_->forward(f, x); }
  Var forward(Forward& f, Var&& x) const { return self_->forward(f, std::move(x)); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual std::shared_ptr<Interface> copy() const = 0;
    virtual void declare(ParameterScope& scope) = 0;
    virtual Var forward(Forward& f, const Var& x) const = 0;
    virtual Var forward(Forward& f, Var&& x) const = 0;
  };
  template <class L>
  struct Model final : Interface {
    explicit Model(L value) : layer(std::move(value)) {}
    std::shared_ptr<Interface> copy() const override { return std::make_shared<Model>(layer); }
    void declare(ParameterScope& scope) override { layer.declare(scope); }
    Var forward(Forward& f, const Var& x) const override { return layer.forward(f, x); }
    Var forward(Forward& f, Var&& x) const override { return layer.forward(f, std::move(x)); }
    L layer;
  };
  std::shared_ptr<Interface> self_;
};

// One layer after the other; their parameters are named "0.weight", "0.bias", "2.weight", ... What a layer gives is the
// next one's own, which may write over it: a layer that wants to look at its result later must protect() it.
class Sequential {
 public:
  Sequential(std::initializer_list<Layer> layers) : layers_(layers) {}
  explicit Sequential(std::vector<Layer> layers) : layers_(std::move(layers)) {}
  void declare(ParameterScope& scope);
  Var forward(Forward& f, const Var& x) const;
  Var forward(Forward& f, Var&& x) const;

 private:
  std::vector<Layer> layers_;
};

// An activation by name: "relu", "tanh", "sigmoid", "softplus" or "gelu".
Layer activation(const std::string& name);

// Dense layers of the sizes given with an activation between them.
Sequential multilayer_perceptron(std::span<const std::int64_t> sizes, const std::string& activation = "relu",
                                 const Initializer& weight = glorot_uniform());

}  // namespace gradus::nn
