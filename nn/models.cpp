#include "nn/models.h"

#include <algorithm>
#include <charconv>

#include "nn/layers/attention.h"
#include "nn/layers/convolution.h"
#include "nn/layers/embedding.h"
#include "nn/layers/normalization.h"
#include "nn/layers/recurrent.h"
#include "nn/layers/residual.h"

namespace gradus::nn {
namespace {

template <class T>
bool parse(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && rest == end;
}

Sequential mlp(const ModelSettings& s) {
  const std::vector<std::int64_t> sizes = s.sizes("sizes");
  if (sizes.size() < 2) s.refuse("sizes", "at least two sizes");
  const double drop = s.number("dropout");
  std::vector<Layer> layers;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    if (i > 0) {
      layers.push_back(activation(s.text("activation")));
      if (drop > 0) layers.push_back(Dropout{drop});
    }
    layers.push_back(Linear{sizes[i], sizes[i + 1], initializer(s.text("initializer"))});
  }
  return Sequential(std::move(layers));
}

// Encoder and mirrored decoder; the code and the output are linear.
Sequential autoencoder(const ModelSettings& s) {
  const std::vector<std::int64_t> sizes = s.sizes("sizes");
  if (sizes.size() < 2) s.refuse("sizes", "at least two sizes");
  std::vector<Layer> layers;
  const auto dense = [&](std::int64_t in, std::int64_t out, bool linear) {
    layers.push_back(Linear{in, out, initializer(s.text("initializer"))});
    if (!linear) layers.push_back(activation(s.text("activation")));
  };
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) dense(sizes[i], sizes[i + 1], i + 2 == sizes.size());
  for (std::size_t i = sizes.size() - 1; i > 0; --i) dense(sizes[i], sizes[i - 1], i == 1);
  return Sequential(std::move(layers));
}

struct Image {
  explicit Image(const ModelSettings& s)
      : height(s.integer("height", 1)), width(s.integer("width", 1)), channels(s.integer("channels", 1)) {}
  std::int64_t height, width, channels;
};
std::vector<ModelOption> image_options() {
  return {{"height", "28", "of the images"}, {"width", "28", "of the images"}, {"channels", "1", "of the images"},
          {"classes", "10", "outputs"}};
}

Sequential two_convolutions(const ModelSettings& s) {
  const Image image(s);
  const Conv2d::Options same{.padding = same_padding()};
  // 'same' pooling as in TensorFlow: a last window may stand over the edge. The maximum comes before the rectifier: the same
  // function and derivative, with a quarter of the rectifier's work.
  const auto half = [](std::int64_t extent) { return (extent + 1) / 2; };
  const std::int64_t height = half(half(image.height)), width = half(half(image.width));
  return Sequential{Unflatten{{image.height, image.width, image.channels}},
                    Conv2d{image.channels, 32, {5, 5}, same}, MaxPool2d{{2, 2}, {2, 2}, same_padding()}, Relu{},
                    Conv2d{32, 64, {5, 5}, same}, MaxPool2d{{2, 2}, {2, 2}, same_padding()}, Relu{},
                    Flatten{}, Linear{height * width * 64, 1024}, Relu{}, Linear{1024, s.integer("classes", 1)}};
}

Layer norm_of(std::int64_t channels, ResidualBlock::Norm norm) {
  if (norm == ResidualBlock::Norm::batch) return BatchNorm{channels, {.channel_axis = -1}};
  return GroupNorm{channels % 8 == 0 ? 8 : 1, channels};
}

Sequential residual_network(const ModelSettings& s) {
  const Image image(s);
  const std::int64_t first = s.integer("first_width", 1), blocks = s.integer("blocks", 1);
  const std::string& name = s.text("norm");
  if (name != "batch" && name != "group" && name != "none") s.refuse("norm", "batch, group or none");
  using enum ResidualBlock::Norm;
  const ResidualBlock::Norm norm = name == "batch" ? batch : name == "group" ? group : none;
  std::vector<Layer> layers{Unflatten{{image.height, image.width, image.channels}},
                            Conv2d{image.channels, first, {3, 3}, {.padding = same_padding()}}};
  if (norm != none) layers.push_back(norm_of(first, norm));
  layers.push_back(Relu{});
  std::int64_t in = first, height = image.height, width = image.width;
  for (int stage = 0; stage < 3; ++stage)
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::int64_t out = first << stage, stride = stage > 0 && block == 0 ? 2 : 1;
      layers.push_back(ResidualBlock{in, out, stride, norm});
      in = out;
      height = (height + stride - 1) / stride;
      width = (width + stride - 1) / stride;
    }
  layers.push_back(AvgPool2d{{height, width}});
  layers.push_back(Flatten{});
  layers.push_back(Linear{in, s.integer("classes", 1)});
  return Sequential(std::move(layers));
}

struct TimeFirst {
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const { return swap_time(x); }
};

Sequential recurrent(const ModelSettings& s) {
  const std::int64_t time = s.integer("time", 1), inputs = s.integer("inputs", 1), hidden = s.integer("hidden", 1);
  const std::int64_t truncation = s.integer("truncation", 0);
  const std::string& cell = s.text("cell");
  std::vector<Layer> layers{Unflatten{{time, inputs}}, TimeFirst{}};
  for (std::int64_t i = 0; i < s.integer("layers", 1); ++i) {
    const std::int64_t in = i == 0 ? inputs : hidden;
    if (cell == "lstm") layers.push_back(Lstm{LstmCell{in, hidden}, truncation});
    else if (cell == "gru") layers.push_back(Gru{GruCell{in, hidden}, truncation});
    else if (cell == "rnn") layers.push_back(Rnn{RnnCell{in, hidden}, truncation});
    else s.refuse("cell", "lstm, gru or rnn");
  }
  layers.push_back(LastStep{});
  layers.push_back(Linear{hidden, s.integer("outputs", 1)});
  return Sequential(std::move(layers));
}

Sequential transformer(const ModelSettings& s) {
  const std::int64_t vocabulary = s.integer("vocabulary", 1), width = s.integer("width", 1);
  const TransformerBlock::Options options{.hidden = s.integer("hidden", 0), .causal = true, .dropout = s.number("dropout"),
                                          .activation = s.text("activation")};
  std::vector<Layer> layers{Embedding{vocabulary, width, normal(0.02)}, LearnedPositions{s.integer("context", 1), width}};
  for (std::int64_t i = 0; i < s.integer("layers", 1); ++i)
    layers.push_back(TransformerBlock{width, s.integer("heads", 1), options});
  layers.push_back(LayerNorm{width});
  layers.push_back(PerPosition{Linear{width, vocabulary}});
  return Sequential(std::move(layers));
}

}  // namespace

const std::string& ModelSettings::text(const std::string& name) const {
  for (const auto& [key, value] : values_)
    if (key == name) return value;
  throw std::logic_error("model " + model_ + ": has no option " + name);
}

void ModelSettings::refuse(const std::string& name, const std::string& expected) const {
  throw std::invalid_argument("model " + model_ + ": option " + name + "=" + text(name) + ": expected " + expected);
}

std::int64_t ModelSettings::integer(const std::string& name, std::int64_t at_least) const {
  std::int64_t value = 0;
  if (!parse(text(name), value) || value < at_least) refuse(name, "an integer >= " + std::to_string(at_least));
  return value;
}

double ModelSettings::number(const std::string& name) const {
  double value = 0;
  if (!parse(text(name), value)) refuse(name, "a number");
  return value;
}

std::vector<std::int64_t> ModelSettings::sizes(const std::string& name) const {
  std::vector<std::int64_t> found;
  const std::string& list = text(name);
  for (std::size_t first = 0; first <= list.size();) {
    const std::size_t comma = std::min(list.find(',', first), list.size());
    std::int64_t value = 0;
    if (!parse(list.substr(first, comma - first), value) || value < 1) refuse(name, "sizes such as 784,128,10");
    found.push_back(value);
    first = comma + 1;
  }
  return found;
}

const std::vector<Model>& models() {
  static const std::vector<Model> all = [] {
    const ModelOption initializer{"initializer", "glorot_uniform", "of the weights"};
    std::vector<ModelOption> resnet = image_options();
    resnet.insert(resnet.end(), {{"first_width", "16", "channels of the first stage; doubled twice"},
                                 {"blocks", "1", "in each of the three stages"},
                                 {"norm", "batch", "batch, group or none"}});
    return std::vector<Model>{
        {"mlp", "multi-layer perceptron: [batch, first size] -> [batch, last size]",
         {{"sizes", "784,128,10", "of the layers"},
          {"activation", "relu", "between them"},
          {"dropout", "0", "probability after each activation"},
          initializer},
         mlp},
        {"autoencoder", "[batch, first size] -> the same; code and output linear. Hinton & Salakhutdinov (2006)",
         {{"sizes", "784,1000,500,250,30", "of the encoder; the decoder mirrors it"},
          {"activation", "sigmoid", "of the layers between"},
          initializer},
         autoencoder},
        {"2c2d", "two convolutions, two dense layers: [batch, pixels] -> [batch, classes]. Schneider et al. (2019)",
         image_options(), two_convolutions},
        {"resnet", "a small residual network: [batch, pixels] -> [batch, classes]. He et al. (2016), section 4.2", resnet,
         residual_network},
        {"recurrent", "the last state of recurrent layers: [batch, time * inputs] -> [batch, outputs]",
         {{"cell", "lstm", "lstm, gru or rnn"},
          {"time", "28", "steps"},
          {"inputs", "28", "of a step"},
          {"hidden", "128", "units"},
          {"layers", "1", "one above the other"},
          {"outputs", "10", "of the dense layer at the end"},
          {"truncation", "0", "steps through which derivatives flow; 0: all"}},
         recurrent},
        {"transformer", "a decoder: tokens [batch, time] -> logits [batch, time, vocabulary]. Radford et al. (2019)",
         {{"vocabulary", "64", "different tokens"},
          {"context", "64", "longest sequence"},
          {"width", "128", "of the embedding"},
          {"heads", "4", "of attention"},
          {"layers", "4", "blocks"},
          {"hidden", "0", "units of a block's network; 0: four times the width"},
          {"dropout", "0", "probability"},
          {"activation", "gelu", "of a block's network"}},
         transformer},
    };
  }();
  return all;
}

Sequential make_model(const std::string& name, const ModelOptions& options) {
  std::string names;
  for (const Model& model : models()) {
    names += (names.empty() ? "" : ", ") + model.name;
    if (model.name != name) continue;
    ModelOptions values;
    std::string known;
    for (const ModelOption& option : model.options) {
      values.emplace_back(option.name, option.default_value);
      known += (known.empty() ? "" : ", ") + option.name;
    }
    for (const auto& [key, value] : options) {
      const auto place = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == key; });
      if (place == values.end())
        throw std::invalid_argument("model " + name + ": unknown option '" + key + "', expected one of " + known);
      place->second = value;
    }
    return model.make(ModelSettings(name, std::move(values)));
  }
  throw std::invalid_argument("unknown model '" + name + "': expected one of " + names);
}

Var LastStep::forward(Forward&, const Var& x) const {
  const Shape& shape = x.shape();
  if (shape.rank() != 3 || shape[0] == 0)
    throw std::invalid_argument("LastStep: " + shape.to_string() + ", expected [time, batch, features]");
  return reshape(slice(x, 0, shape[0] - 1, 1), {shape[1], shape[2]});
}

ResidualBlock::ResidualBlock(std::int64_t in, std::int64_t out, std::int64_t stride, Norm norm)
    : main_({}), shortcut_({}), changes_shape_(in != out || stride != 1) {
  const auto convolution = [&](std::int64_t from, std::int64_t kernel, std::int64_t step) {
    return Conv2d{from, out, {kernel, kernel}, {.stride = {step, step}, .padding = same_padding()}};
  };
  std::vector<Layer> main{convolution(in, 3, stride)}, shortcut{convolution(in, 1, stride)};
  if (norm != Norm::none) {
    main.push_back(norm_of(out, norm));
    shortcut.push_back(norm_of(out, norm));
  }
  main.push_back(Relu{});
  main.push_back(convolution(out, 3, 1));
  if (norm != Norm::none) main.push_back(norm_of(out, norm));
  main_ = Sequential(std::move(main));
  if (changes_shape_) shortcut_ = Sequential(std::move(shortcut));
}

void ResidualBlock::declare(ParameterScope& scope) {
  ParameterScope main = scope.child("main"), shortcut = scope.child("shortcut");
  main_.declare(main);
  shortcut_.declare(shortcut);
}

Var ResidualBlock::forward(Forward& f, const Var& x) const {
  return relu(last_use(add(last_use(main_.forward(f, x)), changes_shape_ ? shortcut_.forward(f, x) : x)));
}

}  // namespace gradus::nn
