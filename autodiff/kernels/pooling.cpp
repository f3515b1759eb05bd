#include "autodiff/kernels/pooling.h"

#include <algorithm>

#include "autodiff/kernels/largest.h"
#include "autodiff/kernels/team.h"

namespace gradus::kernels {
namespace {

// The part of a window that lies on the image.
struct Patch {
  std::int64_t first;          // offset of its first pixel
  std::int64_t rows, columns;  // at least 1 of each
  std::int64_t row_step;       // offset from a pixel to the one below
};

// Windows over images of this shape.
struct Windows {
  static constexpr std::int64_t block = 64;  // channels at a time, whose state stays in the first-level cache

  Window2d window;
  std::int64_t batch;
  Extent2d image, places;
  std::int64_t channels;

  Windows(const Window2d& w, const Shape& x)
      : window(w), batch(x[0]), image{x[1], x[2]}, places(w.places(image)), channels(x[3]) {}

  // Each pixel belongs to one window.
  bool tile() const {
    return window.stride == window.kernel && window.before == Extent2d{0, 0} &&
           places.height * window.stride.height == image.height && places.width * window.stride.width == image.width;
  }

  // work(first image, end); windows lie each in one image.
  template <class Work>
  void share_images(const Work& work) const {
    const std::int64_t pixels = image.height * image.width * channels;
    kernels::share_ranges(batch, 1 + shared_elements / 2 / std::max<std::int64_t>(1, pixels), work);
  }

  // f(patch, offset of the place in the result) for each place of images [begin, end).
  template <class F>
  GRADUS_INLINE void for_each(std::int64_t begin, std::int64_t end, const F& f) const {
    std::int64_t to = begin * places.height * places.width * channels;
    for (std::int64_t example = begin; example < end; ++example)
      for (std::int64_t i = 0; i < places.height; ++i) {
        const std::int64_t top = i * window.stride.height - window.before.height;
        const std::int64_t y = std::max<std::int64_t>(top, 0),
                           bottom = std::min(top + window.kernel.height, image.height);
        for (std::int64_t j = 0; j < places.width; ++j, to += channels) {
          const std::int64_t left = j * window.stride.width - window.before.width;
          const std::int64_t x = std::max<std::int64_t>(left, 0),
                             right = std::min(left + window.kernel.width, image.width);
          f(Patch{((example * image.height + y) * image.width + x) * channels, bottom - y, right - x,
                  image.width * channels},
            to);
        }
      }
  }

  // f(offset of a pixel's channels) for each pixel of a patch.
  template <class F>
  GRADUS_INLINE void for_each_pixel(const Patch& p, const F& f) const {
    for (std::int64_t i = 0; i < p.rows; ++i)
      for (std::int64_t j = 0; j < p.columns; ++j) f(p.first + i * p.row_step + j * channels);
  }

  // f(first channel, count) for blocks of at most `block` channels that together are all of them.
  template <class F>
  GRADUS_INLINE void for_each_block(const F& f) const {
    for (std::int64_t c = 0; c < channels; c += block) f(c, std::min(block, channels - c));
  }
};

}  // namespace

// Marks inner lambdas, so that they too become part of the loop compiled for the processor.
#define GRADUS_BODY __attribute__((always_inline))

bool windows_tile(const Window2d& window, const Shape& x) { return Windows(window, x).tile(); }

void take_at_pool_max(const Window2d& window, const Tensor& out, bool accumulate, const Tensor& in, const Tensor& of) {
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T *u = in.data<T>(), *x = of.data<T>();
    const Windows windows(window, of.shape());
    windows.share_images([=, &windows](std::int64_t begin, std::int64_t end) {
      simd::run([=, &windows] GRADUS_LOOP() {
        windows.for_each(begin, end, [=, &windows](const Patch& patch, std::int64_t to) GRADUS_BODY {
          windows.for_each_block([=, &windows](std::int64_t c, std::int64_t n) GRADUS_BODY {
            T best[Windows::block], taken[Windows::block];
            for (std::int64_t i = 0; i < n; ++i) {
              best[i] = x[patch.first + c + i];
              taken[i] = u[patch.first + c + i];
            }
            windows.for_each_pixel(patch, [&](std::int64_t pixel) GRADUS_BODY {
              const T* __restrict v = x + pixel + c, * __restrict w = u + pixel + c;
              for (std::int64_t i = 0; i < n; ++i) {
                const bool larger = (v[i] > best[i]) | (v[i] != v[i]);
                best[i] = larger ? v[i] : best[i];
                taken[i] = larger ? w[i] : taken[i];
              }
            });
            T* __restrict result = y + to + c;
            for (std::int64_t i = 0; i < n; ++i) result[i] = (accumulate ? result[i] : T{0}) + taken[i];
          });
        });
      });
    });
  });
}

void put_at_pool_max(const Window2d& window, const Tensor& out, bool accumulate, const Tensor& in, const Tensor& of) {
  const Windows windows(window, of.shape());
  const bool add = accumulate || !windows.tile();
  if (add && !accumulate) out.fill(0);
  with_floating(out.dtype(), [&]<class T>(T) {
    T* y = out.data<T>();  // may be x, see windows_tile
    const T* __restrict g = in.data<T>();
    const T* x = of.data<T>();
    windows.share_images([=, &windows](std::int64_t begin, std::int64_t end) {
      simd::run([=, &windows] GRADUS_LOOP() {
        windows.for_each(begin, end, [=, &windows](const Patch& patch, std::int64_t from) GRADUS_BODY {
          windows.for_each_block([=, &windows](std::int64_t c, std::int64_t n) GRADUS_BODY {
            using Number = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;  // as wide as T, for vectors
            T best[Windows::block];
            Number place[Windows::block], number = 0;
            for (std::int64_t i = 0; i < n; ++i) {
              best[i] = x[patch.first + c + i];
              place[i] = 0;
            }
            windows.for_each_pixel(patch, [&](std::int64_t pixel) GRADUS_BODY {
              const T* v = x + pixel + c;
              for (std::int64_t i = 0; i < n; ++i) {
                const bool larger = (v[i] > best[i]) | (v[i] != v[i]);
                best[i] = larger ? v[i] : best[i];
                place[i] = larger ? number : place[i];
              }
              ++number;
            });
            number = 0;
            windows.for_each_pixel(patch, [&](std::int64_t pixel) GRADUS_BODY {
              T* __restrict to = y + pixel + c;
              const T* __restrict cotangent = g + from + c;
              if (add)
                for (std::int64_t i = 0; i < n; ++i) to[i] += place[i] == number ? cotangent[i] : T{0};
              else
                for (std::int64_t i = 0; i < n; ++i) to[i] = place[i] == number ? cotangent[i] : T{0};
              ++number;
            });
          });
        });
      });
    });
  });
}

void pool_sum(const Window2d& window, const Tensor& out, bool accumulate, const Tensor& in, double factor) {
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in.data<T>();
    const Windows windows(window, in.shape());
    const T scale = static_cast<T>(factor);
    windows.share_images([=, &windows](std::int64_t begin, std::int64_t end) {
      simd::run([=, &windows] GRADUS_LOOP() {
        windows.for_each(begin, end, [=, &windows](const Patch& patch, std::int64_t to) GRADUS_BODY {
          windows.for_each_block([=, &windows](std::int64_t c, std::int64_t n) GRADUS_BODY {
            T total[Windows::block];
            const auto add_up = [&](T part) GRADUS_BODY {
              for (std::int64_t i = 0; i < n; ++i) total[i] = 0;
              windows.for_each_pixel(patch, [&](std::int64_t pixel) GRADUS_BODY {
                const T* __restrict v = x + pixel + c;
                for (std::int64_t i = 0; i < n; ++i) total[i] += part * v[i];
              });
            };
            add_up(1);
            T factor_of_total = scale;
            if (!all_moderate(total, n)) {  // the sum may overflow where the mean does not
              add_up(scale);
              factor_of_total = 1;
            }
            T* __restrict result = y + to + c;
            for (std::int64_t i = 0; i < n; ++i)
              result[i] = (accumulate ? result[i] : T{0}) + factor_of_total * total[i];
          });
        });
      });
    });
  });
}

void pool_spread(const Window2d& window, const Tensor& out, bool accumulate, const Tensor& in, double factor) {
  const Windows windows(window, out.shape());
  const bool add = accumulate || !windows.tile();
  if (add && !accumulate) out.fill(0);
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict g = in.data<T>();
    const T scale = static_cast<T>(factor);
    windows.share_images([=, &windows](std::int64_t begin, std::int64_t end) {
      simd::run([=, &windows] GRADUS_LOOP() {
        windows.for_each(begin, end, [=, &windows](const Patch& patch, std::int64_t from) GRADUS_BODY {
          windows.for_each_pixel(patch, [=, &windows](std::int64_t pixel) GRADUS_BODY {
            T* __restrict to = y + pixel;
            const T* __restrict cotangent = g + from;
            for (std::int64_t i = 0; i < windows.channels; ++i) to[i] = (add ? to[i] : T{0}) + scale * cotangent[i];
          });
        });
      });
    });
  });
}

}  // namespace gradus::kernels
