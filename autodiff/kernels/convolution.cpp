// Convolution as matrix products: the pixels under the kernel at each place are copied into a row ("im2col"), so that
// y[places, out] = patches[places, kernel * in] w[kernel * in, out]. The rows are made in slabs that stay in the cache.
#include "autodiff/kernels/convolution.h"

#include <algorithm>
#include <cstring>

#include "autodiff/kernels/convolution_onednn.h"
#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/products.h"
#include "autodiff/kernels/scratch.h"
#include "autodiff/kernels/team.h"
#include "autodiff/kernels/winograd.h"

namespace gradus::kernels {
namespace {

// Calls f(offset in the row, offset in x, count) for each contiguous run of pixels under the kernel at a place, and
// f(offset in the row, -1, count) for padding. With groups, the channels of one group count.
template <class F>
GRADUS_INLINE void for_each_run_of_patch(const Convolution& c, std::int64_t place, const F& f) {
  const std::int64_t column = place % c.places.width, row = place / c.places.width % c.places.height;
  const std::int64_t example = place / (c.places.width * c.places.height);
  const std::int64_t channels = c.in_channels / c.groups, kernel = c.window.kernel.width;
  const std::int64_t left = column * c.window.stride.width - c.window.before.width;
  const std::int64_t first = std::max<std::int64_t>(0, -left), last = std::min(kernel, c.image.width - left);
  for (std::int64_t k = 0; k < c.window.kernel.height; ++k) {
    const std::int64_t y = row * c.window.stride.height - c.window.before.height + k;
    const std::int64_t to = k * kernel * channels;
    if (y < 0 || y >= c.image.height || first >= last) {
      f(to, -1, kernel * channels);
      continue;
    }
    const std::int64_t from = (example * c.image.height + y) * c.image.width + left;
    if (first > 0) f(to, -1, first * channels);
    if (c.groups == 1)
      f(to + first * channels, (from + first) * channels, (last - first) * channels);
    else
      for (std::int64_t i = first; i < last; ++i) f(to + i * channels, (from + i) * c.in_channels, channels);
    if (last < kernel) f(to + last * channels, -1, (kernel - last) * channels);
  }
}

template <class T>
void gather(const Convolution& c, const T* __restrict x, std::int64_t first, std::int64_t count,
            T* __restrict patches) {
  const std::int64_t length = c.window.kernel.height * c.window.kernel.width * c.in_channels / c.groups;
  for (std::int64_t place = 0; place < count; ++place) {
    T* __restrict row = patches + place * length;
    for_each_run_of_patch(c, first + place, [=](std::int64_t to, std::int64_t from, std::int64_t n) {
      if (from < 0)
        std::memset(row + to, 0, static_cast<std::size_t>(n) * sizeof(T));
      else
        std::memcpy(row + to, x + from, static_cast<std::size_t>(n) * sizeof(T));
    });
  }
}

template <class T>
void scatter_add(const Convolution& c, const T* __restrict patches, std::int64_t first, std::int64_t count,
                 T* __restrict x) {
  const std::int64_t length = c.window.kernel.height * c.window.kernel.width * c.in_channels / c.groups;
  simd::run([=, &c] GRADUS_LOOP() {
    for (std::int64_t place = 0; place < count; ++place) {
      const T* __restrict row = patches + place * length;
      for_each_run_of_patch(
          c, first + place, [=](std::int64_t from, std::int64_t to, std::int64_t n) __attribute__((always_inline)) {
            if (to >= 0)
              for (std::int64_t i = 0; i < n; ++i) x[to + i] += row[from + i];
          });
    }
  });
}

// Columns [first, first + count) of a[rows, columns], to or from a matrix of their own.
template <class T>
void take_columns(const T* a, std::int64_t rows, std::int64_t columns, std::int64_t first, std::int64_t count, T* to) {
  for (std::int64_t r = 0; r < rows; ++r) std::copy_n(a + r * columns + first, count, to + r * count);
}
template <class T>
void put_columns(const T* from, bool accumulate, T* a, std::int64_t rows, std::int64_t columns, std::int64_t first,
                 std::int64_t count) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < count; ++i) {
      T& place = a[r * columns + first + i];
      place = (accumulate ? place : T{0}) + from[r * count + i];
    }
}

struct PatchTag;
struct WeightTag;
struct ResultTag;

// One group of a convolution as matrix products, slab by slab of places. With several groups, the columns of w and y
// that belong to one are copied to matrices of their own.
template <class T>
class Slabs {
 public:
  explicit Slabs(const Convolution& c)
      : c_(c),
        places_(c.batch * c.places.height * c.places.width),
        length_(c.window.kernel.height * c.window.kernel.width * c.in_channels / c.groups),
        columns_(c.out_channels / c.groups) {
    constexpr std::int64_t cached = 128 * 1024;  // elements of a slab: with its results within a second-level cache
    rows_ = std::clamp<std::int64_t>(cached / (length_ + columns_), 16, std::max<std::int64_t>(16, places_));
    // A kernel of one pixel that visits every pixel: x is its own matrix of patches.
    is_matrix_ = c.groups == 1 && c.window == Window2d{};
  }

  void forward(T* y, bool accumulate, const T* x, const T* w) {
    for_each_slab([&](std::int64_t group, std::int64_t first, std::int64_t count, const Tensor& patches) {
      const T* from = x + group * (c_.in_channels / c_.groups);
      const Tensor a = is_matrix_ ? matrix(from + first * length_, count, length_) : patches;
      if (!is_matrix_) gather(c_, from, first, count, patches.data<T>());
      if (c_.groups == 1)
        return matmul(matrix(y + first * columns_, count, columns_), accumulate, a, false, weights(w, 0), false);
      const Tensor result = matrix(scratch<ResultTag, T>(rows_ * columns_), count, columns_);
      matmul(result, false, a, false, weights(w, group), false);
      put_columns(result.data<T>(), accumulate, y + first * c_.out_channels, count, c_.out_channels, group * columns_,
                  columns_);
    });
  }

  void input_derivative(T* dx, bool accumulate, const T* dy, const T* w) {
    if (is_matrix_)
      return matmul(matrix(dx, places_, length_), accumulate, matrix(dy, places_, columns_), false, weights(w, 0),
                    true);
    const std::int64_t size = c_.batch * c_.image.height * c_.image.width * c_.in_channels;
    if (!accumulate) std::fill_n(dx, size, T{0});
    for_each_slab([&](std::int64_t group, std::int64_t first, std::int64_t count, const Tensor& patches) {
      matmul(patches, false, results(dy, group, first, count), false, weights(w, group), true);
      scatter_add(c_, patches.data<T>(), first, count, dx + group * (c_.in_channels / c_.groups));
    });
  }

  void weight_derivative(T* dw, bool accumulate, const T* x, const T* dy) {
    const Tensor sum = c_.groups == 1 ? matrix(dw, length_, columns_)
                                      : matrix(scratch<WeightTag, T>(length_ * columns_), length_, columns_);
    for_each_slab([&](std::int64_t group, std::int64_t first, std::int64_t count, const Tensor& patches) {
      const T* from = x + group * (c_.in_channels / c_.groups);
      const Tensor a = is_matrix_ ? matrix(from + first * length_, count, length_) : patches;
      if (!is_matrix_) gather(c_, from, first, count, patches.data<T>());
      matmul(sum, first > 0 || (accumulate && c_.groups == 1), a, true, results(dy, group, first, count), false);
      if (c_.groups > 1 && first + count == places_)
        put_columns(sum.data<T>(), accumulate, dw, length_, c_.out_channels, group * columns_, columns_);
    });
  }

 private:
  static Tensor matrix(const T* data, std::int64_t rows, std::int64_t columns) {
    return Tensor::view(const_cast<T*>(data), {rows, columns}, dtype_of<T>());
  }
  // f(group, first place, places, memory for their patches)
  template <class F>
  void for_each_slab(const F& f) {
    T* patches = is_matrix_ ? nullptr : scratch<PatchTag, T>(rows_ * length_);
    for (std::int64_t group = 0; group < c_.groups; ++group)
      for (std::int64_t first = 0; first < places_; first += rows_) {
        const std::int64_t count = std::min(rows_, places_ - first);
        f(group, first, count, matrix(patches, count, length_));
      }
  }
  Tensor weights(const T* w, std::int64_t group) const {
    if (c_.groups == 1) return matrix(w, length_, columns_);
    T* own = scratch<WeightTag, T>(length_ * columns_);
    take_columns(w, length_, c_.out_channels, group * columns_, columns_, own);
    return matrix(own, length_, columns_);
  }
  Tensor results(const T* y, std::int64_t group, std::int64_t first, std::int64_t count) const {
    if (c_.groups == 1) return matrix(y + first * columns_, count, columns_);
    T* own = scratch<ResultTag, T>(rows_ * columns_);
    take_columns(y + first * c_.out_channels, count, c_.out_channels, group * columns_, columns_, own);
    return matrix(own, count, columns_);
  }

  const Convolution& c_;
  std::int64_t places_, length_, columns_, rows_;
  bool is_matrix_;
};

// The images of a batch are cut into parts, which the threads share: at most so many, each worth a thread.
std::int64_t examples_of_a_part(const Convolution& c, std::int64_t most) {
  constexpr std::int64_t worth_a_thread = 1 << 20;
  const std::int64_t kernel = c.window.kernel.height * c.window.kernel.width * c.in_channels / c.groups;
  const std::int64_t each = std::max<std::int64_t>(1, c.places.height * c.places.width * c.out_channels * kernel);
  return std::max((worth_a_thread + each - 1) / each, (c.batch + most - 1) / most);
}

constexpr std::int64_t most_parts = 16;

// work(the convolution of some examples, the first of them)
template <class Work>
void share_examples(const Convolution& c, std::int64_t step, const Work& work) {
  share_ranges(c.batch, step, [&](std::int64_t first, std::int64_t end) {
    Convolution part = c;
    part.batch = end - first;
    work(part, first);
  });
}

}  // namespace

void convolve(const Convolution& c, const Tensor& y, bool accumulate, const Tensor& x, const Tensor& w,
              const Tensor* bias) {
  if (c.batch == 0) return;
  const bool is_single = y.dtype() == DType::float32;
  if (is_single && winograd_convolve(c, y, accumulate, x, w, bias)) return;
  share_examples(c, examples_of_a_part(c, most_parts), [&](const Convolution& part, std::int64_t first) {
    const Tensor to = y.rows(first, part.batch), from = x.rows(first, part.batch);
    if (is_single && onednn_convolve(part, to, accumulate, from, w, bias)) return;
    if (bias)
      broadcast(
          to, accumulate, [](auto b, auto) { return b; }, *bias, *bias);
    with_floating(y.dtype(), [&]<class T>(T) {
      Slabs<T>(part).forward(to.data<T>(), accumulate || bias, from.data<T>(), w.data<T>());
    });
  });
}

void convolve_input_derivative(const Convolution& c, const Tensor& dx, bool accumulate, const Tensor& dy,
                               const Tensor& w) {
  if (c.batch == 0) return;
  const bool is_single = dx.dtype() == DType::float32;
  if (is_single && winograd_convolve_input_derivative(c, dx, accumulate, dy, w)) return;
  share_examples(c, examples_of_a_part(c, most_parts), [&](const Convolution& part, std::int64_t first) {
    const Tensor to = dx.rows(first, part.batch), from = dy.rows(first, part.batch);
    if (is_single && onednn_convolve_input_derivative(part, to, accumulate, from, w)) return;
    with_floating(dx.dtype(), [&]<class T>(T) {
      Slabs<T>(part).input_derivative(to.data<T>(), accumulate, from.data<T>(), w.data<T>());
    });
  });
}

void convolve_weight_derivative(const Convolution& c, const Tensor& dw, bool accumulate, const Tensor& x,
                                const Tensor& dy) {
  if (c.batch == 0) {
    if (!accumulate) dw.fill(0);
    return;
  }
  const bool is_single = dw.dtype() == DType::float32;
  if (is_single && winograd_convolve_weight_derivative(c, dw, accumulate, x, dy)) return;
  const auto of_examples = [&](const Convolution& part, std::int64_t first, const Tensor& to, bool onto) {
    const Tensor images = x.rows(first, part.batch), cotangents = dy.rows(first, part.batch);
    if (is_single && onednn_convolve_weight_derivative(part, to, onto, images, cotangents)) return;
    with_floating(dw.dtype(), [&]<class T>(T) {
      Slabs<T>(part).weight_derivative(to.data<T>(), onto, images.data<T>(), cotangents.data<T>());
    });
  };
  // Each part has a sum of its own, which takes memory.
  constexpr std::int64_t most_elements = 1 << 21;
  const std::int64_t most = std::clamp<std::int64_t>(most_elements / std::max<std::int64_t>(1, dw.size()), 1, 8);
  const std::int64_t step = examples_of_a_part(c, most);
  if (c.batch < 2 * step) return of_examples(c, 0, dw, accumulate);
  const std::int64_t parts = (c.batch + step - 1) / step;
  with_floating(dw.dtype(), [&]<class T>(T type) {
    struct PartialWeights;
    T* sums = scratch<PartialWeights, T>(parts * dw.size());
    const auto sum_of = [&](std::int64_t part) {
      return Tensor::view(sums + part * dw.size(), dw.shape(), dtype_of<decltype(type)>());
    };
    share_examples(c, step, [&](const Convolution& part, std::int64_t first) {
      of_examples(part, first, sum_of(first / step), false);
    });
    for (std::int64_t part = 0; part < parts; ++part) copy(dw, accumulate || part > 0, sum_of(part));
  });
}

void convolution_patches(const Convolution& c, const Tensor& x, std::int64_t first, const Tensor& patches) {
  with_floating(x.dtype(), [&]<class T>(T) { gather(c, x.data<T>(), first, patches.shape()[0], patches.data<T>()); });
}

}  // namespace gradus::kernels
