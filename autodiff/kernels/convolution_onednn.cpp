#include "autodiff/kernels/convolution_onednn.h"

#ifndef GRADUS_HAVE_ONEDNN

namespace gradus::kernels {
bool onednn_convolve(const Convolution&, const Tensor&, bool, const Tensor&, const Tensor&, const Tensor*) {
  return false;
}
bool onednn_convolve_input_derivative(const Convolution&, const Tensor&, bool, const Tensor&, const Tensor&) {
  return false;
}
bool onednn_convolve_weight_derivative(const Convolution&, const Tensor&, bool, const Tensor&, const Tensor&) {
  return false;
}
}  // namespace gradus::kernels

#else

#include <omp.h>
#include <dnnl.hpp>

#include <memory>
#include <string_view>
#include <vector>

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/products.h"
#include "autodiff/kernels/scratch.h"

namespace gradus::kernels {
namespace {

enum class Kind { forward, forward_with_bias, input_derivative, weight_derivative };

struct Key {
  Kind kind;
  bool accumulate;
  Convolution sizes;
  friend bool operator==(const Key&, const Key&) = default;
};

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

void check(dnnl_status_t status) {
  if (status != dnnl_success) throw std::runtime_error("conv2d: oneDNN failed with status " + std::to_string(status));
}

struct ScratchpadTag;
struct ResultTag;

// One configuration: the compiled primitive, the reorder between our weights and the layout that it wants, and handles
// whose data pointers are set at each call. Images have our layout throughout: it is as fast as oneDNN's blocked ones.
class Plan {
 public:
  explicit Plan(const Key& k) : key(k) {
    using Dims = dnnl::memory::dims;
    using Tag = dnnl::memory::format_tag;
    const Convolution& c = k.sizes;
    const Window2d& window = c.window;
    const auto float32 = dnnl::memory::data_type::f32;
    const dnnl::memory::desc x({c.batch, c.in_channels, c.image.height, c.image.width}, float32, Tag::nhwc);
    const dnnl::memory::desc y({c.batch, c.out_channels, c.places.height, c.places.width}, float32, Tag::nhwc);
    const dnnl::memory::desc bias({c.out_channels}, float32, Tag::a);
    const std::int64_t in = c.in_channels / c.groups, out = c.out_channels / c.groups;
    const Dims kernel = c.groups == 1 ? Dims{out, in, window.kernel.height, window.kernel.width}
                                      : Dims{c.groups, out, in, window.kernel.height, window.kernel.width};
    const dnnl::memory::desc ours(kernel, float32, c.groups == 1 ? Tag::hwio : Tag::hwigo),
        any(kernel, float32, Tag::any);
    const Dims stride{window.stride.height, window.stride.width}, before{window.before.height, window.before.width};
    const Dims after{window.after.height, window.after.width};
    const auto direct = dnnl::algorithm::convolution_direct;

    dnnl::primitive_attr attributes, with_sum;  // a copy of one would be the same object
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    with_sum.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    dnnl::post_ops sum;
    sum.append_sum(1.0f);
    with_sum.set_post_ops(sum);

    const bool has_bias = k.kind == Kind::forward_with_bias;
    const dnnl::convolution_forward::desc forward =
        has_bias ? dnnl::convolution_forward::desc(dnnl::prop_kind::forward_training, direct, x, any, bias, y, stride,
                                                   before, after)
                 : dnnl::convolution_forward::desc(dnnl::prop_kind::forward_training, direct, x, any, y, stride, before,
                                                   after);
    const bool is_forward = k.kind == Kind::forward || has_bias;
    const dnnl::convolution_forward::primitive_desc hint(forward, is_forward && k.accumulate ? with_sum : attributes,
                                                         engine());
    const auto take = [&](const auto& description, const dnnl::memory::desc& weights) {
      const char* implementation = description.impl_info_str();
      fast_ = std::string_view(implementation).find("ref") == std::string_view::npos;
      weights_ = weights;
      scratchpad_ = dnnl::memory(description.scratchpad_desc(), engine(), nullptr);
      return description;
    };
    if (is_forward) {
      primitive_ = dnnl::convolution_forward(take(hint, hint.weights_desc()));
    } else if (k.kind == Kind::input_derivative) {
      const dnnl::convolution_backward_data::primitive_desc description(
          dnnl::convolution_backward_data::desc(direct, x, any, y, stride, before, after), attributes, engine(), hint);
      primitive_ = dnnl::convolution_backward_data(take(description, description.weights_desc()));
    } else {
      const dnnl::convolution_backward_weights::primitive_desc description(
          dnnl::convolution_backward_weights::desc(direct, x, any, y, stride, before, after), attributes, engine(),
          hint);
      primitive_ = dnnl::convolution_backward_weights(take(description, description.diff_weights_desc()));
    }

    x_ = dnnl::memory(x, engine(), nullptr);
    y_ = dnnl::memory(y, engine(), nullptr);
    bias_ = dnnl::memory(bias, engine(), nullptr);
    our_weights_ = dnnl::memory(ours, engine(), nullptr);
    const bool adds_weights = k.kind == Kind::weight_derivative && k.accumulate;
    if (weights_ != ours || adds_weights) {
      weight_memory_ =
          Tensor::uninitialized({static_cast<std::int64_t>(weights_.get_size() / sizeof(float)) + 1}, DType::float32);
      their_weights_ = dnnl::memory(weights_, engine(), weight_memory_.raw());
      reorder_ = k.kind == Kind::weight_derivative
                     ? dnnl::reorder(dnnl::reorder::primitive_desc(engine(), weights_, engine(), ours,
                                                                   adds_weights ? with_sum : attributes))
                     : dnnl::reorder(dnnl::reorder::primitive_desc(engine(), ours, engine(), weights_, attributes));
    }
  }

  // Whether oneDNN has a kernel for it, not only its reference loops.
  bool is_fast() const { return fast_; }

  void run(const dnnl::stream& stream, const Tensor& x, const Tensor& w, const Tensor& y, const Tensor* bias) {
    const bool gives_x = key.kind == Kind::input_derivative, gives_w = key.kind == Kind::weight_derivative;
    const bool adds_x = gives_x && key.accumulate;  // no post-operation does it there
    float* sum = adds_x ? scratch<ResultTag, float>(x.size()) : nullptr;
    set(x_, adds_x ? sum : x.raw()), set(y_, y.raw()), set(our_weights_, w.raw());
    if (bias) set(bias_, bias->raw());
    const auto bytes = static_cast<std::int64_t>(scratchpad_.get_desc().get_size());
    set(scratchpad_, scratch<ScratchpadTag, float>(bytes / 4 + 1));

    if (reorder_ && !gives_w)
      execute(stream, reorder_, {{DNNL_ARG_FROM, our_weights_.get()}, {DNNL_ARG_TO, their_weights_.get()}});
    const dnnl_memory_t weights = reorder_ ? their_weights_.get() : our_weights_.get();
    execute(stream, primitive_,
            {{gives_x ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, x_.get()},
             {gives_w ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, weights},
             {gives_x || gives_w ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, y_.get()},
             {DNNL_ARG_SCRATCHPAD, scratchpad_.get()},
             {DNNL_ARG_BIAS, bias_.get()}},
            bias ? 5 : 4);
    if (reorder_ && gives_w)
      execute(stream, reorder_, {{DNNL_ARG_FROM, their_weights_.get()}, {DNNL_ARG_TO, our_weights_.get()}});
    if (adds_x) copy(x, true, Tensor::view(sum, x.shape(), DType::float32));
  }

  const Key key;
  std::uint64_t last_use = 0;

 private:
  static void set(const dnnl::memory& memory, void* data) { check(dnnl_memory_set_data_handle(memory.get(), data)); }
  // The C function: the C++ one wants a map, made anew at each call.
  static void execute(const dnnl::stream& stream, const dnnl::primitive& primitive,
                      std::initializer_list<dnnl_exec_arg_t> arguments, int count = 2) {
    check(dnnl_primitive_execute(primitive.get(), stream.get(), count, arguments.begin()));
  }

  bool fast_ = false;
  dnnl::primitive primitive_, reorder_;
  dnnl::memory::desc weights_;
  dnnl::memory x_, y_, bias_, our_weights_, their_weights_, scratchpad_;
  Tensor weight_memory_;
};

// The plans of this thread, at most `limit`: the one that was longest out of use makes room.
class Plans {
 public:
  Plan& get(const Key& key) {
    Plan* found = nullptr;
    for (const auto& plan : plans_)
      if (plan->key == key) found = plan.get();
    if (!found) {
      constexpr std::size_t limit = 256;
      if (plans_.size() == limit) {
        auto oldest = plans_.begin();
        for (auto it = plans_.begin(); it != plans_.end(); ++it)
          if ((*it)->last_use < (*oldest)->last_use) oldest = it;
        plans_.erase(oldest);
      }
      found = plans_.emplace_back(std::make_unique<Plan>(key)).get();
    }
    found->last_use = ++uses_;
    return *found;
  }
  const dnnl::stream& stream() const { return stream_; }

 private:
  dnnl::stream stream_{engine()};
  std::vector<std::unique_ptr<Plan> > plans_;
  std::uint64_t uses_ = 0;
};

bool run(const Key& key, const Tensor& x, const Tensor& w, const Tensor& y, const Tensor* bias = nullptr) {
  if (!uses_onednn()) return false;
  omp_set_num_threads(1);  // of this thread only; so results do not depend on the number of threads
  try {
    thread_local Plans plans;
    Plan& plan = plans.get(key);
    if (plan.is_fast()) plan.run(plans.stream(), x, w, y, bias);
    return plan.is_fast();
  } catch (const dnnl::error& e) {
    throw std::runtime_error(std::string("conv2d: oneDNN failed: ") + e.what());
  }
}

}  // namespace

bool onednn_convolve(const Convolution& c, const Tensor& y, bool accumulate, const Tensor& x, const Tensor& w,
                     const Tensor* bias) {
  return run({bias ? Kind::forward_with_bias : Kind::forward, accumulate, c}, x, w, y, bias);
}

bool onednn_convolve_input_derivative(const Convolution& c, const Tensor& dx, bool accumulate, const Tensor& dy,
                                      const Tensor& w) {
  if (c.in_channels < 16 && c.groups == 1) return false;  // half-empty vectors: a product is five times as fast
  return run({Kind::input_derivative, accumulate, c}, dx, w, dy);
}

bool onednn_convolve_weight_derivative(const Convolution& c, const Tensor& dw, bool accumulate, const Tensor& x,
                                       const Tensor& dy) {
  return run({Kind::weight_derivative, accumulate, c}, x, dw, dy);
}

}  // namespace gradus::kernels

#endif
