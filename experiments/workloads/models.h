// The networks that programs offer by name.
#pragma once

#include <string>
#include <vector>

#include "experiments/workloads/choices.h"
#include "experiments/workloads/model.h"

namespace gradus::workloads {

// A dense network of any examples, which it takes as rows.
struct Mlp {
  static constexpr const char* name = "mlp";
  static constexpr const char* summary = "dense layers: [batch, numbers of an example] -> [batch, outputs]";
  std::vector<std::int64_t> hidden = {128};
  std::string activation = "relu";
  double dropout = 0;
  std::string initializer = "glorot_uniform";

  void fields(const FieldVisitor& field) {
    field("hidden", hidden, "sizes of the hidden layers, e.g. 256,128");
    field("activation", activation, "between the layers", lab::one_of(activations().names()));
    field("dropout", dropout, "probability after each activation", lab::from_to_below(0, 1));
    field("initializer", initializer, "of the weights; biases start at zero", lab::one_of(initializers().names()));
  }
  nn::Sequential make(const Task& task) const;
};

// Encoder and mirrored decoder; the code and the output are linear. The first size must be that of an example.
struct Autoencoder {
  static constexpr const char* name = "autoencoder";
  static constexpr const char* summary =
      "[batch, first size] -> the same, through a narrow code. Hinton & Salakhutdinov (2006)";
  std::vector<std::int64_t> sizes = {784, 1000, 500, 250, 30};
  std::string activation = "sigmoid";
  std::string initializer = "glorot_uniform";

  void fields(const FieldVisitor& field) {
    field("sizes", sizes, "of the encoder's layers; the decoder mirrors them", 2);
    field("activation", activation, "of the layers between", lab::one_of(activations().names()));
    field("initializer", initializer, "of the weights; biases start at zero", lab::one_of(initializers().names()));
  }
  nn::Sequential make(const Task& task) const;
};

// Images as rows of pixels.
struct TwoConvolutions {
  static constexpr const char* name = "2c2d";
  static constexpr const char* summary =
      "two convolutions, two dense layers: [batch, pixels] -> [batch, outputs]. Schneider et al. (2019)";

  void fields(const FieldVisitor&) {}
  nn::Sequential make(const Task& task) const;
};

// Images as rows of pixels.
struct ResidualNetwork {
  static constexpr const char* name = "resnet";
  static constexpr const char* summary =
      "a small residual network: [batch, pixels] -> [batch, outputs]. He et al. (2016), section 4.2";
  std::int64_t first_width = 16;
  std::int64_t blocks = 1;
  std::string norm = "batch";

  void fields(const FieldVisitor& field) {
    field("first_width", first_width, "channels of the first stage; doubled twice", lab::at_least(1));
    field("blocks", blocks, "in each of the three stages", lab::at_least(1));
    field("norm", norm, "of the channels", lab::one_of({"batch", "group", "none"}));
  }
  nn::Sequential make(const Task& task) const;
};

// Examples [time, features] as rows; an image is read line by line.
struct RecurrentNetwork {
  static constexpr const char* name = "recurrent";
  static constexpr const char* summary =
      "the last state of recurrent layers: [batch, time * features] -> [batch, outputs]";
  std::string cell = "lstm";
  std::int64_t hidden = 128;
  std::int64_t layers = 1;
  std::int64_t truncation = 0;

  void fields(const FieldVisitor& field) {
    field("cell", cell, "of the layers", lab::one_of({"lstm", "gru", "rnn"}));
    field("hidden", hidden, "units", lab::at_least(1));
    field("layers", layers, "one above the other", lab::at_least(1));
    field("truncation", truncation, "steps through which derivatives flow; 0: all", lab::at_least(0));
  }
  nn::Sequential make(const Task& task) const;
};

// Examples [time] are tokens of int32.
struct Transformer {
  static constexpr const char* name = "transformer";
  static constexpr const char* summary =
      "a decoder: tokens [batch, time] -> logits [batch, time, outputs]. Radford et al. (2019)";
  std::int64_t width = 128;
  std::int64_t heads = 4;
  std::int64_t layers = 4;
  std::int64_t hidden = 0;
  double dropout = 0;
  std::string activation = "gelu";

  void fields(const FieldVisitor& field) {
    field("width", width, "of the embedding", lab::at_least(1));
    field("heads", heads, "of attention", lab::at_least(1));
    field("layers", layers, "blocks", lab::at_least(1));
    field("hidden", hidden, "units of a block's network; 0: four times the width", lab::at_least(0));
    field("dropout", dropout, "probability", lab::from_to_below(0, 1));
    field("activation", activation, "of a block's network", lab::one_of(activations().names()));
  }
  nn::Sequential make(const Task& task) const;
};

// All of them, with their defaults.
const settings::Catalogue<Model>& models();

// Declares --model, and each member of the model that it names as an option. The fallback's values are the defaults of
// its own.
Model choose_model(lab::Run& run, const Model& fallback);

}  // namespace gradus::workloads
