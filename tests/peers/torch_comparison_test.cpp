// Operations, layers and losses against libtorch: values, and gradients with respect to every input and parameter.
#include <limits>
#include <string>
#include <vector>

#include "nn/layers.h"
#include "nn/losses.h"
#include "tests/peers/torch_bridge.h"

namespace gradus::nn {
namespace {

namespace F = torch::nn::functional;

TEST(Torch, Activations) {
  const Shape x{3, 37};
  std::vector<Case> cases{same("relu", {x}, [](const auto& v) { return relu(v[0]); }),
                          same("tanh", {x}, [](const auto& v) { return tanh(v[0]); }),
                          same("sigmoid", {x}, [](const auto& v) { return sigmoid(v[0]); }),
                          same("gelu", {x}, [](const auto& v) { return gelu(v[0]); }),
                          same("leaky_relu", {x}, [](const auto& v) { return leaky_relu(v[0], 0.2); }),
                          same("elu", {x}, [](const auto& v) { return elu(v[0], 1.3); }),
                          same("selu", {x}, [](const auto& v) { return selu(v[0]); }),
                          same("silu", {x}, [](const auto& v) { return silu(v[0]); }),
                          same("mish", {x}, [](const auto& v) { return mish(v[0]); }),
                          same("abs", {x}, [](const auto& v) { return abs(v[0]); }),
                          // By default libtorch leaves out the curve above 20.
                          {"softplus",
                           {x},
                           [](const Vars& v) { return softplus(v[0]); },
                           [](const Arrays& v) { return torch::softplus(v[0], 1, 50); }},
                          {"softsign",
                           {x},
                           [](const Vars& v) { return softsign(v[0]); },
                           [](const Arrays& v) { return F::softsign(v[0]); }},
                          {"softmax",
                           {x},
                           [](const Vars& v) { return softmax(v[0]); },
                           [](const Arrays& v) { return torch::softmax(v[0], -1); }},
                          {"log_softmax",
                           {x},
                           [](const Vars& v) { return log_softmax(v[0]); },
                           [](const Arrays& v) { return torch::log_softmax(v[0], -1); }}};
  compare(cases, {Inputs::normal, Inputs::whole, Inputs::extreme});
  // Its derivative at 1 is 1, libtorch's 0.
  const Case hard_tanh_case{"hard_tanh",
                            {x},
                            [](const Vars& v) { return hard_tanh(v[0]); },
                            [](const Arrays& v) { return torch::hardtanh(v[0]); }};
  compare({hard_tanh_case}, {Inputs::normal, Inputs::extreme});
}

TEST(Torch, ProductsAndArithmetic) {
  std::vector<Case> cases;
  for (const std::int64_t n : {5, 70})
    for (const bool ta : {false, true})
      for (const bool tb : {false, true}) {
        const Shape a = ta ? Shape{n + 1, n} : Shape{n, n + 1}, b = tb ? Shape{n + 2, n + 1} : Shape{n + 1, n + 2};
        const auto flipped = [](const Array& x, bool flip) { return flip ? x.transpose(-1, -2) : x; };
        const auto theirs = [=](const Arrays& v) { return torch::matmul(flipped(v[0], ta), flipped(v[1], tb)); };
        const std::string flags = std::string(ta ? " transposed a" : "") + (tb ? " transposed b" : "");
        cases.push_back({"matmul" + flags, {a, b}, [=](const Vars& v) { return matmul(v[0], v[1], ta, tb); }, theirs});
        cases.push_back({"batch_matmul" + flags,
                         {{2, 3, a[0], a[1]}, {2, 3, b[0], b[1]}},
                         [=](const Vars& v) { return batch_matmul(v[0], v[1], ta, tb); },
                         theirs});
      }
  cases.push_back(
      layer_case("Linear", Linear(31, 17), {9, 31}, [](const Arrays& v) { return torch::addmm(v[2], v[0], v[1]); }));
  cases.push_back(same("broadcasting", {{4, 1, 3}, {5, 1}, {3}},
                       [](const auto& v) { return (v[0] + v[1]) * v[2] - v[0] / (square(v[1]) + 1); }));
  cases.push_back(same("maximum", {{4, 3}, {3}}, [](const auto& v) { return maximum(v[0], v[1]); }));
  cases.push_back(
      same("exp, log, sqrt", {{4, 3}}, [](const auto& v) { return log(sqrt(square(v[0]) + 1) + exp(v[0])); }));
  cases.push_back(same("clamp", {{4, 30}}, [](const auto& v) { return clamp(v[0], -0.5, 0.7); }));
  compare(cases);
}

TEST(Torch, SumsNormsAndShapes) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Shape x{3, 4, 5};
  std::vector<Case> cases{
      {"l1_norm", {x}, [](const Vars& v) { return l1_norm(v[0]); }, [](const Arrays& v) { return v[0].norm(1); }},
      {"l2_norm", {x}, [](const Vars& v) { return l2_norm(v[0]); }, [](const Arrays& v) { return v[0].norm(); }},
      {"sum",
       {x},
       [](const Vars& v) {
         return sum(v[0], {0, 2});
       },
       [](const Arrays& v) {
         return v[0].sum(at::IntArrayRef{0, 2});
       }},
      {"mean",
       {x},
       [](const Vars& v) { return mean(v[0], {1}, true); },
       [](const Arrays& v) { return v[0].mean(at::IntArrayRef{1}, true); }},
      {"max",
       {x},
       [](const Vars& v) { return max(v[0], 1); },
       [](const Arrays& v) { return std::get<0>(v[0].max(1)); }},
      {"concatenate",
       {{2, 3}, {2, 4}},
       [](const Vars& v) {
         return slice(concatenate({v[0], v[1]}, 1), -1, 2, 4);
       },
       [](const Arrays& v) {
         return torch::cat({v[0], v[1]}, 1).slice(1, 2, 6);
       }},
      {"pad",
       {x},
       [](const Vars& v) { return pad(v[0], 1, 2, 7); },
       [](const Arrays& v) {
         return torch::constant_pad_nd(v[0], {0, 0, 2, 1});
       }},
      {"permute",
       {x},
       [](const Vars& v) {
         return permute(v[0], {2, 0, 1});
       },
       [](const Arrays& v) {
         return v[0].permute({2, 0, 1});
       }},
      {"where",
       {{3, 1}, {4}, {3, 4}},
       [](const Vars& v) { return where(greater(v[2], v[0]), v[0] * v[1], v[2]); },
       [](const Arrays& v) { return torch::where(v[2] > v[0], v[0] * v[1], v[2]); }},
      {"masked_fill",
       {{3, 4}, {4}},
       [](const Vars& v) { return masked_fill(v[0], greater(v[1], v[1].tape().scalar(0)), 2.5); },
       [](const Arrays& v) { return v[0].masked_fill(v[1] > 0, 2.5); }},
  };
  for (const int axis : {0, 1, 2}) {
    const std::string name = "cumulative_sum along axis " + std::to_string(axis);
    cases.push_back({name,
                     {x},
                     [=](const Vars& v) { return cumulative_sum(v[0], axis); },
                     [=](const Arrays& v) { return v[0].cumsum(axis); }});
    cases.push_back({name + ", reverse",
                     {x},
                     [=](const Vars& v) { return cumulative_sum(v[0], axis, true); },
                     [=](const Arrays& v) { return v[0].flip(axis).cumsum(axis).flip(axis); }});
    cases.push_back({name + ", exclusive",
                     {x},
                     [=](const Vars& v) { return cumulative_sum(v[0], axis, false, true); },
                     [=](const Arrays& v) { return v[0].cumsum(axis) - v[0]; }});
  }
  compare(cases, {Inputs::normal, Inputs::whole});
  // Among equal maxima libtorch shares the derivative.
  compare({{"max_norm",
            {x},
            [](const Vars& v) { return max_norm(v[0]); },
            [=](const Arrays& v) { return v[0].norm(infinity); }}});
}

TEST(Torch, Indices) {
  const Tensor list = Tensor::indices({2, 0, 2, 4, 1, 2}), square = list.reshaped({2, 3});
  const Array theirs = to_torch(list);
  const auto index = [](const Vars& v, const Tensor& t) { return v[0].tape().leaf(t); };
  Case embedding = layer_case("Embedding", Embedding(5, 7), {},
                              [=](const Arrays& v) { return torch::embedding(v[0], to_torch(square)); });
  embedding.shapes.erase(embedding.shapes.begin());  // tokens have no derivative
  embedding.ours = [=](const Vars& v) {
    const Declared<Embedding> declared(Embedding(5, 7));
    Forward f(v, Mode::train, RandomStream(0));
    return declared.layer.forward(f, index(v, square));
  };
  compare({{"gather",
            {{5, 2, 3}},
            [=](const Vars& v) { return gather(v[0], index(v, list)); },
            [=](const Arrays& v) { return v[0].index_select(0, theirs); }},
           {"scatter_add",
            {{6, 3}},
            [=](const Vars& v) { return scatter_add(v[0], index(v, list), 5); },
            [=](const Arrays& v) {
              return torch::zeros({5, 3}, v[0].options()).index_add(0, theirs, v[0]);
            }},
           {"take_from_row",
            {{6, 5}},
            [=](const Vars& v) { return take_from_row(v[0], index(v, list)); },
            [=](const Arrays& v) { return v[0].gather(1, theirs.unsqueeze(1)).squeeze(1); }},
           layer_case("LearnedPositions", LearnedPositions(9, 4), {2, 6, 4},
                      [](const Arrays& v) { return v[0] + v[1].slice(0, 0, 6); }),
           embedding});
}

TEST(Torch, CrossEntropies) {
  const Tensor labels = Tensor::indices({2, 0, 4, 4, 1, 3}), weights = Tensor::of({5}, {0.3, 2, 1, 0.7, 1.9});
  const Tensor counted = Tensor::of({6}, {1, 1, 0, 1, 0, 1});
  const Array theirs = to_torch(labels), ignored = torch::where(to_torch(counted) > 0, theirs, -100);
  std::vector<Case> cases{{"labels",
                           {{2, 3, 5}},
                           [=](const Vars& v) {
                             return cross_entropy(v[0], v[0].tape().leaf(labels.reshaped({2, 3})));
                           },
                           [=](const Arrays& v) {
                             return F::cross_entropy(v[0].reshape({6, 5}), theirs);
                           }},
                          {"soft labels",
                           {{6, 5}, {6, 5}},
                           [](const Vars& v) { return cross_entropy(v[0], softmax(v[1])); },
                           [](const Arrays& v) { return F::cross_entropy(v[0], v[1].softmax(1)); }}};
  for (const double smoothing : {0.0, 0.1})
    for (const bool weighted : {false, true})
      for (const bool masked : {false, true}) {
        const std::string name =
            "smoothing " + std::to_string(smoothing) + (weighted ? ", class weights" : "") + (masked ? ", mask" : "");
        const auto ours = [=](const Vars& v) {
          Tape& tape = v[0].tape();
          const auto* loss = tape.keep(CrossEntropy{
              .label_smoothing = smoothing, .class_weights = weighted ? weights.converted(tape.dtype()) : Tensor()});
          const Var list = tape.leaf(labels);
          return masked ? (*loss)(v[0], list, tape.copy(counted.converted(tape.dtype()))) : (*loss)(v[0], list);
        };
        cases.push_back({name, {{6, 5}}, ours, [=](const Arrays& v) {
                           auto options = F::CrossEntropyFuncOptions().label_smoothing(smoothing);
                           if (weighted) options.weight(to_torch(weights).to(v[0].dtype()));
                           return F::cross_entropy(v[0], masked ? ignored : theirs, options);
                         }});
      }
  compare(cases, {Inputs::normal, Inputs::whole});
}

TEST(Torch, OtherLosses) {
  const Tensor labels = Tensor::indices({2, 0, 4, 4, 1, 3});
  const Shape x{6, 5};
  std::vector<Case> cases{
      {"kl_divergence",
       {x, x},
       [](const Vars& v) { return kl_divergence(log_softmax(v[0]), softmax(v[1])); },
       [](const Arrays& v) { return torch::kl_div(v[0].log_softmax(1), v[1].softmax(1), at::Reduction::Sum) / 6; }},
      {"huber",
       {x, x},
       [](const Vars& v) { return huber(v[0], v[1], 2); },
       [](const Arrays& v) { return torch::huber_loss(v[0], v[1], at::Reduction::Mean, 2); }},
      {"mean_absolute_error",
       {x, x},
       [](const Vars& v) { return mean_absolute_error(v[0], v[1]); },
       [](const Arrays& v) { return torch::l1_loss(v[0], v[1]); }},
      {"mean_squared_error",
       {x, x},
       [](const Vars& v) { return mean_squared_error(v[0], v[1]); },
       [](const Arrays& v) { return torch::mse_loss(v[0], v[1]); }}};
  for (const double weight : {1.0, 2.5})
    cases.push_back({"binary_cross_entropy, positive weight " + std::to_string(weight),
                     {x, x},
                     [=](const Vars& v) { return binary_cross_entropy(v[0], sigmoid(v[1]), weight); },
                     [=](const Arrays& v) {
                       const Array positive = torch::full({1}, weight, v[0].options());
                       return torch::binary_cross_entropy_with_logits(v[0], v[1].sigmoid(), {}, positive);
                     }});
  for (const int power : {1, 2})
    for (const double margin : {1.0, 0.4})
      cases.push_back(
          {"multiclass_hinge of power " + std::to_string(power),
           {x},
           [=](const Vars& v) { return multiclass_hinge(v[0], v[0].tape().leaf(labels), margin, power); },
           [=](const Arrays& v) { return torch::multi_margin_loss(v[0], to_torch(labels), power, margin); }});
  compare(cases, {Inputs::normal, Inputs::whole});
  // Where the margin is just met, our derivative is 0, that of libtorch's clamp not.
  const auto sign = [](const Array& a) { return torch::where(a > 0, 1.0, -1.0).to(a.dtype()); };
  compare(
      {{"hinge",
        {x, x},
        [](const Vars& v) { return hinge(v[0], 2 * greater(v[1], v[1].tape().scalar(0)) - 1, 0.8); },
        [=](const Arrays& v) { return torch::margin_ranking_loss(v[0], torch::zeros_like(v[0]), sign(v[1]), 0.8); }}});
}

TEST(Torch, Convolution) {
  struct Use {
    Shape x;
    std::int64_t out;
    Extent2d kernel, stride{1, 1}, padding{0, 0};
    std::int64_t groups = 1;
  };
  std::vector<Case> cases;
  for (const Use& u :
       {Use{{2, 8, 9, 3}, 5, {3, 3}}, Use{{2, 8, 9, 3}, 5, {3, 5}, {2, 1}, {1, 2}},
        Use{{2, 7, 7, 4}, 6, {3, 2}, {2, 2}, {1, 0}, 2}, Use{{2, 7, 6, 4}, 8, {3, 3}, {1, 1}, {1, 1}, 4},
        Use{{2, 5, 5, 8}, 4, {1, 1}}, Use{{2, 9, 9, 4}, 4, {1, 1}, {2, 2}}, Use{{3, 28, 28, 1}, 6, {5, 5}},
        Use{{4, 16, 16, 16}, 32, {3, 3}, {1, 1}, {1, 1}}, Use{{4, 14, 14, 16}, 32, {5, 5}, {1, 1}, {2, 2}},
        Use{{2, 32, 32, 3}, 64, {7, 7}, {2, 2}, {3, 3}}}) {
    const Conv2d::Options options{
        .stride = u.stride, .padding = padding(u.padding.height, u.padding.width), .groups = u.groups};
    const Conv2d layer(u.x[3], u.out, u.kernel, options);
    cases.push_back(layer_case("Conv2d of " + u.x.to_string(), layer, u.x, [=](const Arrays& v) {
      const std::vector<std::int64_t> stride{u.stride.height, u.stride.width}, zeros{u.padding.height, u.padding.width};
      const Array weight = v[1].permute({3, 2, 0, 1});
      return channels_last(torch::conv2d(channels_first(v[0]), weight, v[2], stride, zeros, 1, u.groups));
    }));
  }
  // So many zeros that 7 x 6 places become 4 x 3: one before and two after the rows, one after the columns.
  const Conv2d same_size(3, 4, {4, 3}, {.stride = {2, 2}, .padding = same_padding()});
  cases.push_back(layer_case("Conv2d, same padding", same_size, {2, 7, 6, 3}, [](const Arrays& v) {
    const Array padded = torch::constant_pad_nd(channels_first(v[0]), {0, 1, 1, 2});
    return channels_last(torch::conv2d(padded, v[1].permute({3, 2, 0, 1}), v[2], 2));
  }));
  compare(cases);
}

TEST(Torch, Pooling) {
  struct Use {
    Extent2d kernel, stride, padding;
  };
  std::vector<Case> cases;
  for (const Use& u : {Use{{2, 2}, {2, 2}, {0, 0}}, Use{{3, 2}, {1, 2}, {1, 0}}, Use{{3, 3}, {2, 2}, {1, 1}}}) {
    const Shape x{2, 9, 8, 5};
    const Padding2d around = padding(u.padding.height, u.padding.width);
    const std::vector<std::int64_t> kernel{u.kernel.height, u.kernel.width}, stride{u.stride.height, u.stride.width},
        zeros_around{u.padding.height, u.padding.width};
    cases.push_back(layer_case("MaxPool2d", MaxPool2d(u.kernel, u.stride, around), x, [=](const Arrays& v) {
      return channels_last(torch::max_pool2d(channels_first(v[0]), kernel, stride, zeros_around));
    }));
    cases.push_back(layer_case("AvgPool2d", AvgPool2d(u.kernel, u.stride, around), x, [=](const Arrays& v) {
      return channels_last(torch::avg_pool2d(channels_first(v[0]), kernel, stride, zeros_around));
    }));
  }
  compare(cases, {Inputs::normal, Inputs::whole});
}

TEST(Torch, BatchNorm) {
  for (const DType type : {DType::float64, DType::float32})
    for (const int channel_axis : {-1, 1}) {
      const Declared declared{BatchNorm(4, {.momentum = 0.3, .epsilon = 1e-3, .channel_axis = channel_axis}), type};
      const Array mean = torch::zeros({4}, torch_type(type)), variance = torch::ones({4}, torch_type(type));
      const auto step = [&](const std::string& name, const Shape& x, Mode mode) {
        const bool first = channel_axis == 1 || x.rank() == 2;
        compare({name,
                 {x, {4}, {4}},
                 [&](const Vars& v) {
                   Forward f(from(v, 1), mode, RandomStream(0), declared.buffers);
                   return declared.layer.forward(f, v[0]);
                 },
                 [&](const Arrays& v) {
                   const Array y = torch::batch_norm(first ? v[0] : channels_first(v[0]), v[1], v[2], mean, variance,
                                                     mode == Mode::train, 0.3, 1e-3, false);
                   return first ? y : channels_last(y);
                 }},
                type);
        for (std::size_t i = 0; i < 2; ++i)
          EXPECT_TRUE(agree(declared.buffers[i], i == 0 ? mean : variance, tolerance_of(type))) << name;
      };
      const Shape images = channel_axis == 1 ? Shape{3, 4, 5, 2} : Shape{3, 5, 2, 4};
      step("training on images", images, Mode::train);
      step("training on rows", {7, 4}, Mode::train);
      step("evaluating images", images, Mode::evaluate);
      step("evaluating rows", {7, 4}, Mode::evaluate);
    }
}

TEST(Torch, LayerAndGroupNorm) {
  compare({layer_case("LayerNorm", LayerNorm(33, 1e-4), {2, 5, 33},
                      [](const Arrays& v) { return torch::layer_norm(v[0], {33}, v[1], v[2], 1e-4); }),
           layer_case(
               "GroupNorm, channels last", GroupNorm(3, 6), {2, 5, 4, 6},
               [](const Arrays& v) { return channels_last(torch::group_norm(channels_first(v[0]), 3, v[1], v[2])); }),
           layer_case("GroupNorm, channels first", GroupNorm(2, 6, {.epsilon = 1e-3, .channel_axis = 1}), {2, 6, 4, 5},
                      [](const Arrays& v) { return torch::group_norm(v[0], 2, v[1], v[2], 1e-3); })});
}

// Of x[batch, time, width] with our parameters {in_weight, in_bias, out_weight, out_bias} from `first` on.
Array attention(const Array& x, const Arrays& v, std::size_t first, std::int64_t heads, bool causal) {
  auto options = F::MultiheadAttentionForwardFuncOptions(x.size(2), heads, v[first].t(), v[first + 1], {}, {}, false, 0,
                                                         v[first + 2].t(), v[first + 3]);
  options.need_weights(false);
  const double hidden = -std::numeric_limits<double>::infinity();
  if (causal) options.attn_mask(torch::full({x.size(1), x.size(1)}, hidden, x.options().requires_grad(false)).triu(1));
  const Array time_first = x.transpose(0, 1);
  return std::get<0>(F::multi_head_attention_forward(time_first, time_first, time_first, options)).transpose(0, 1);
}

TEST(Torch, Attention) {
  std::vector<Case> cases;
  for (const bool causal : {false, true}) {
    cases.push_back(layer_case(causal ? "causal attention" : "attention",
                               MultiHeadAttention(12, 3, {.causal = causal, .dropout = 0}), {2, 7, 12},
                               [=](const Arrays& v) { return attention(v[0], v, 1, 3, causal); }));
    cases.push_back(layer_case(
        causal ? "causal block" : "block",
        TransformerBlock(8, 2, {.hidden = 20, .causal = causal, .dropout = 0, .activation = Gelu{}}), {2, 5, 8},
        [=](const Arrays& v) {
          const Array x = v[0] + attention(torch::layer_norm(v[0], {8}, v[1], v[2]), v, 3, 2, causal);
          const Array inside = torch::gelu(torch::matmul(torch::layer_norm(x, {8}, v[7], v[8]), v[9]) + v[10]);
          return x + torch::matmul(inside, v[11]) + v[12];
        }));
  }
  compare(cases);
}

// A cell over time from states given: the hidden states, then the last state of the LSTM's cell. Theirs gets
// {x, states..., parameters...}.
template <class Cell>
Case recurrent_case(const std::string& name, const Cell& cell, std::function<Array(const Arrays&)> theirs) {
  const std::size_t states = std::is_same_v<Cell, LstmCell> ? 2 : 1;
  const Declared<Recurrent<Cell>> declared{Recurrent<Cell>(cell)};
  Case c{name, {{6, 3, 4}}, {}, std::move(theirs)};
  for (std::size_t i = 0; i < states; ++i) c.shapes.push_back({3, 5});
  for (const ParameterSlice& slice : declared.set.slices()) c.shapes.push_back(slice.shape);
  c.ours = [=, layer = declared.layer](const Vars& v) {
    Forward f(from(v, 1 + states), Mode::train, RandomStream(0));
    const RecurrentResult result = layer.run(f, v[0], {v[1], states == 2 ? v[2] : Var()});
    return states == 2 ? concatenate({result.hidden, reshape(result.state.cell, {1, 3, 5})}, 0) : result.hidden;
  };
  return c;
}

TEST(Torch, RecurrentLayers) {
  const auto none = [](const Array& bias) { return torch::zeros_like(bias).detach(); };  // libtorch's second bias
  const auto theirs = [=](const auto& layer) {
    return [=](const Arrays& v) {
      // Of the GRU's three gates the last alone has a second bias.
      const Array second = v.size() > 5 ? torch::cat({none(v[4]).slice(0, 0, 10), v[5]}) : none(v[4]);
      return std::get<0>(layer(v[0], v[1].unsqueeze(0), {v[2].t(), v[3].t(), v[4], second}));
    };
  };
  const auto rnn_tanh = [](const Array& x, const Array& h, const Arrays& w) {
    return torch::rnn_tanh(x, h, w, true, 1, 0, true, false, false);
  };
  const auto rnn_relu = [](const Array& x, const Array& h, const Arrays& w) {
    return torch::rnn_relu(x, h, w, true, 1, 0, true, false, false);
  };
  const auto gru = [](const Array& x, const Array& h, const Arrays& w) {
    return torch::gru(x, h, w, true, 1, 0, true, false, false);
  };
  const auto lstm = [=](const Arrays& v) {
    const Arrays states{v[1].unsqueeze(0), v[2].unsqueeze(0)}, weights{v[3].t(), v[4].t(), v[5], none(v[5])};
    const auto [hidden, last_hidden, last_cell] = torch::lstm(v[0], states, weights, true, 1, 0, true, false, false);
    return torch::cat({hidden, last_cell});
  };
  compare({recurrent_case("Rnn, tanh", RnnCell(4, 5), theirs(rnn_tanh)),
           recurrent_case("Rnn, relu", RnnCell(4, 5, true), theirs(rnn_relu)),
           recurrent_case("Gru", GruCell(4, 5), theirs(gru)), recurrent_case("Lstm", LstmCell(4, 5), lstm)});
}

}  // namespace
}  // namespace gradus::nn
