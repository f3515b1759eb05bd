#include "bare_products.h"

#include <dnnl.hpp>
#include <span>
#include <stdexcept>

#include "engine_networks.h"

namespace networks {
namespace {

// y[m, n] = op(a) op(b) + beta y, with rows as far apart as they are long, or as told.
struct Product {
  bool transpose_a, transpose_b;
  std::int64_t m, n, k;
  const float* a;
  const float* b;
  float* y;
  float beta = 0;
  std::int64_t lda = transpose_a ? m : k, ldb = transpose_b ? k : n, ldy = n;

  double operations() const { return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
  void operator()() const {
    dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0f, a, lda, b, ldb, beta, y, ldy);
  }
};

// A convolution, each of whose passes has its operands as oneDNN likes them best.
class BareConvolution {
 public:
  BareConvolution(std::int64_t batch, std::int64_t side, std::int64_t in, std::int64_t out) {
    const auto any = [](const dnnl::memory::dims& shape) {
      return dnnl::memory::desc(shape, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any);
    };
    const auto x = any({batch, in, side, side}), w = any({out, in, kernel, kernel}), y = any({batch, out, side, side});
    const dnnl::memory::dims stride{1, 1}, pad{kernel / 2, kernel / 2};
    const auto direct = dnnl::algorithm::convolution_direct;
    const dnnl::convolution_forward::primitive_desc value(
        {dnnl::prop_kind::forward_training, direct, x, w, y, stride, pad, pad}, engine_);
    const dnnl::convolution_backward_weights::primitive_desc weights({direct, x, w, y, stride, pad, pad}, engine_,
                                                                     value);
    const dnnl::convolution_backward_data::primitive_desc inputs({direct, x, w, y, stride, pad, pad}, engine_, value);
    add(dnnl::convolution_forward(value),
        {{DNNL_ARG_SRC, value.src_desc()}, {DNNL_ARG_WEIGHTS, value.weights_desc()}, {DNNL_ARG_DST, value.dst_desc()}});
    add(dnnl::convolution_backward_weights(weights), {{DNNL_ARG_SRC, weights.src_desc()},
                                                      {DNNL_ARG_DIFF_WEIGHTS, weights.diff_weights_desc()},
                                                      {DNNL_ARG_DIFF_DST, weights.diff_dst_desc()}});
    add(dnnl::convolution_backward_data(inputs), {{DNNL_ARG_DIFF_SRC, inputs.diff_src_desc()},
                                                  {DNNL_ARG_WEIGHTS, inputs.weights_desc()},
                                                  {DNNL_ARG_DIFF_DST, inputs.diff_dst_desc()}});
  }
  BareConvolution(const BareConvolution&) = delete;
  void operator=(const BareConvolution&) = delete;

  void forward() const { steps_[0](); }
  void weight_derivative() const { steps_[1](); }
  void input_derivative() const { steps_[2](); }

  static constexpr std::int64_t kernel = 5;

 private:
  void add(const dnnl::primitive& pass, const std::vector<std::pair<int, dnnl::memory::desc>>& shapes) {
    std::unordered_map<int, dnnl::memory> operands;
    for (const auto& [name, shape] : shapes) {
      const dnnl::memory& memory = operands.emplace(name, dnnl::memory(shape, engine_)).first->second;
      std::fill_n(static_cast<float*>(memory.get_data_handle()), shape.get_size() / sizeof(float), 0.5f);
    }
    steps_.push_back([this, pass, operands] { pass.execute(stream_, operands); });
  }

  const dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  const dnnl::stream stream_{engine_};
  std::vector<std::function<void()>> steps_;
};

}  // namespace

BareProducts::BareProducts(const std::string& network, std::int64_t batch) {
  if (network == "784-128-10") {
    mlp(batch, std::array<std::int64_t, 3>{784, 128, 10}, false);
  } else if (network == "autoencoder") {
    mlp(batch, autoencoder_sizes, false);
  } else if (network == "2c2d") {
    convolution(batch, 28, 1, 32, false);
    convolution(batch, 14, 32, 64, true);
    mlp(batch, std::array<std::int64_t, 3>{7 * 7 * 64, 1024, 10}, true);
  } else if (network == "lstm") {
    lstm(batch);
  } else if (network == "transformer") {
    transformer(batch);
  } else {
    throw std::invalid_argument("no products of " + network + " are known");
  }
}

float* BareProducts::memory(std::int64_t rows, std::int64_t columns) {
  tensors_.push_back(uniform({rows, columns}));
  return tensors_.back().data<float>();
}

void BareProducts::mlp(std::int64_t batch, std::span<const std::int64_t> sizes, bool has_first_derivative) {
  activation_ = memory(batch, sizes[0]);
  derivative_ = memory(batch, sizes[0]);
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
    linear(batch, sizes[i], sizes[i + 1], i > 0 || has_first_derivative);
}

void BareProducts::linear(std::int64_t rows, std::int64_t in, std::int64_t out, bool has_derivative) {
  const float* x = activation_;
  float* dx = derivative_;
  const float* w = memory(in, out);
  activation_ = memory(rows, out);
  derivative_ = memory(rows, out);
  const Product value{false, false, rows, out, in, x, w, activation_};
  const Product weights{true, false, in, out, rows, x, derivative_, memory(in, out)};
  const Product inputs{false, true, rows, in, out, derivative_, w, dx};
  forward_.push_back(value);
  backward_.push_back([=] {
    weights();
    if (has_derivative) inputs();
  });
  operations_ += (has_derivative ? 3 : 2) * value.operations();
  if (!has_derivative) input_operations_ += value.operations();
}

void BareProducts::convolution(std::int64_t batch, std::int64_t side, std::int64_t in, std::int64_t out,
                               bool has_derivative) {
  const auto work = std::make_shared<BareConvolution>(batch, side, in, out);
  forward_.push_back([work] { work->forward(); });
  backward_.push_back([work, has_derivative] {
    work->weight_derivative();
    if (has_derivative) work->input_derivative();
  });
  const std::int64_t taps = BareConvolution::kernel * BareConvolution::kernel;
  const double value = 2.0 * static_cast<double>(batch * side * side * in * out * taps);
  operations_ += (has_derivative ? 3 : 2) * value;
  if (!has_derivative) input_operations_ += value;
}

void BareProducts::lstm(std::int64_t batch) {
  constexpr std::int64_t gates = 4 * lstm_hidden, rows = lstm_steps;
  activation_ = memory(rows * batch, lstm_features);
  derivative_ = nullptr;
  linear(rows * batch, lstm_features, gates, false);
  const float* w = memory(lstm_hidden, gates);
  float *hidden = memory(rows * batch, lstm_hidden), *dhidden = memory(batch, lstm_hidden);
  float *sums = activation_, *dsums = derivative_;
  const Product weights{true, false, lstm_hidden, gates, rows * batch, hidden, dsums, memory(lstm_hidden, gates)};
  for (std::int64_t step = 0; step < rows; ++step) {
    const Product value{
        false, false, batch, gates, lstm_hidden, hidden + step * batch * lstm_hidden, w, sums + step * batch * gates,
        1};
    const Product state{false, true, batch, lstm_hidden, gates, dsums + step * batch * gates, w, dhidden};
    forward_.push_back(value);
    backward_.push_back(state);
    operations_ += 2 * value.operations();
  }
  backward_.insert(backward_.end() - rows, weights);
  operations_ += weights.operations();
}

void BareProducts::transformer(std::int64_t batch) {
  const std::int64_t rows = batch * transformer_tokens, width = transformer_width;
  activation_ = memory(rows, width);
  derivative_ = memory(rows, width);
  for (int layer = 0; layer < transformer_layers; ++layer) {
    linear(rows, width, 3 * width);
    attention(batch, transformer_heads, transformer_tokens, width);
    linear(rows, width, width);
    linear(rows, width, 4 * width);
    linear(rows, 4 * width, width);
  }
  linear(rows, width, transformer_vocabulary);
}

// Of queries, keys and values in the three parts of each row of the layer before.
void BareProducts::attention(std::int64_t sequences, std::int64_t heads, std::int64_t tokens, std::int64_t width) {
  const std::int64_t head = width / heads, row = 3 * width;
  float *scores = memory(sequences * heads * tokens, tokens), *dscores = memory(sequences * heads * tokens, tokens);
  float *x = activation_, *dx = derivative_;
  activation_ = memory(sequences * tokens, width);
  derivative_ = memory(sequences * tokens, width);
  std::vector<Product> values, derivatives;
  for (std::int64_t i = 0; i < sequences * heads; ++i) {
    const std::int64_t place = i / heads * tokens * row + i % heads * head;
    const std::int64_t out = i / heads * tokens * width + i % heads * head;
    float *query = x + place, *key = query + width, *value = key + width;
    float *dquery = dx + place, *dkey = dquery + width, *dvalue = dkey + width;
    float *s = scores + i * tokens * tokens, *ds = dscores + i * tokens * tokens;
    float *y = activation_ + out, *dy = derivative_ + out;
    values.push_back({false, true, tokens, tokens, head, query, key, s, 0, row, row, tokens});
    values.push_back({false, false, tokens, head, tokens, s, value, y, 0, tokens, row, width});
    derivatives.push_back({false, true, tokens, tokens, head, dy, value, ds, 0, width, row, tokens});
    derivatives.push_back({true, false, tokens, head, tokens, s, dy, dvalue, 0, tokens, width, row});
    derivatives.push_back({false, false, tokens, head, tokens, ds, key, dquery, 0, tokens, row, row});
    derivatives.push_back({true, false, tokens, head, tokens, ds, query, dkey, 0, tokens, row, row});
  }
  for (const auto& products : {values, derivatives})
    for (const Product& product : products) operations_ += product.operations();
  forward_.push_back([values = std::move(values)] {
    for (const Product& product : values) product();
  });
  backward_.push_back([derivatives = std::move(derivatives)] {
    for (const Product& product : derivatives) product();
  });
}

}  // namespace networks
