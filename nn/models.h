// Whole networks, by name and with options, as programs offer them.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "nn/layers.h"

namespace gradus::nn {

// Options as text, e.g. {"sizes", "784,128,10"}.
using ModelOptions = std::vector<std::pair<std::string, std::string>>;

// The options of one model, complete: what is not given has its default.
class ModelSettings {
 public:
  ModelSettings(std::string model, ModelOptions values) : model_(std::move(model)), values_(std::move(values)) {}
  const std::string& text(const std::string& name) const;
  // These throw std::invalid_argument with model, option and value where the text is not what they read.
  std::int64_t integer(const std::string& name, std::int64_t at_least) const;
  double number(const std::string& name) const;
  std::vector<std::int64_t> sizes(const std::string& name) const;  // "784,128,10"
  // Throws a refusal of this option's value: "model mlp: option sizes=3: expected ...".
  [[noreturn]] void refuse(const std::string& name, const std::string& expected) const;

 private:
  std::string model_;
  ModelOptions values_;
};

struct ModelOption {
  std::string name, default_value, help;
};

struct Model {
  std::string name;
  std::string summary;  // shapes of inputs and outputs, and the source
  std::vector<ModelOption> options;
  std::function<Sequential(const ModelSettings&)> make;
};

// mlp, autoencoder, 2c2d, resnet, recurrent, transformer
const std::vector<Model>& models();

// Throws std::invalid_argument for an unknown name or option, and names the known ones.
Sequential make_model(const std::string& name, const ModelOptions& options = {});

// x[time, batch, features] -> [batch, features] at the last time
struct LastStep {
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const;
};

// Two 3x3 convolutions with normalisation, and the input added; 1x1 where the shape changes. Images are [batch, height, width,
// channels]. He et al. (2016), the basic block.
class ResidualBlock {
 public:
  enum class Norm { batch, group, none };
  ResidualBlock(std::int64_t in, std::int64_t out, std::int64_t stride, Norm norm);
  void declare(ParameterScope& scope);  // the parts "main" and, where the shape changes, "shortcut"
  Var forward(Forward& f, const Var& x) const;

 private:
  Sequential main_, shortcut_;
  bool changes_shape_;
};

}  // namespace gradus::nn
