// Loops over the elements of tensors: element by element, with broadcasting, and sums. Each writes into its destination
// or adds onto it. Threads share what is long. The order of every sum is fixed, so the bits of results are, too.
#pragma once

#include "autodiff/kernels/simd.h"
#include "autodiff/kernels/team.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::kernels {

// to[i] = f(i) or to[i] += f(i) for 0 <= i < n. Element i may be computed from element i of `to` itself: the loop
// promises the compiler that no iteration reads what another one writes, not that nothing overlaps.
template <class T, class F>
void for_each_element(T* to, bool accumulate, std::int64_t n, const F& f) {
  share_ranges(n, shared_elements, [&](std::int64_t first, std::int64_t end) {
    if (accumulate)
      simd::run([=, &f] GRADUS_LOOP() {
        const F g = f;  // not in memory that the loop might write
#pragma GCC ivdep
        for (std::int64_t i = first; i < end; ++i) to[i] += g(i);
      });
    else
      simd::run([=, &f] GRADUS_LOOP() {
        const F g = f;
#pragma GCC ivdep
        for (std::int64_t i = first; i < end; ++i) to[i] = g(i);
      });
  });
}

// y = f(a) or y += f(a), element by element; f is a functor with a template call operator for float and double. y may
// be one of the operands.
template <class F>
void map(const Tensor& y, bool accumulate, const F f, const Tensor& a) {
  with_floating(y.dtype(), [&]<class T>(T) {
    const T* pa = a.data<T>();
    for_each_element(
        y.data<T>(), accumulate, y.size(), [=](std::int64_t i) __attribute__((always_inline)) { return f(pa[i]); });
  });
}

template <class F>
void map(const Tensor& y, bool accumulate, const F f, const Tensor& a, const Tensor& b) {
  with_floating(y.dtype(), [&]<class T>(T) {
    const T *pa = a.data<T>(), *pb = b.data<T>();
    for_each_element(
        y.data<T>(), accumulate,
        y.size(), [=](std::int64_t i) __attribute__((always_inline)) { return f(pa[i], pb[i]); });
  });
}

// The shape to which two operands broadcast by NumPy's rule; throws with the operation's name where they do not.
Shape broadcast_shape(const char* operation, const Shape& a, const Shape& b);

// How operands of broadcast shapes walk along a result: neighbouring axes that walk alike are merged.
struct Walk {
  int rank = 0;                               // axes after merging, the last one is the inner loop
  std::int64_t extent[Shape::max_rank] = {};  // of each axis
  std::int64_t a[Shape::max_rank] = {};       // stride of the first operand, 0 where it is repeated
  std::int64_t b[Shape::max_rank] = {};       // stride of the second
};
Walk walk(const Shape& result, const Shape& a, const Shape& b);

// How many positions of the outermost axis are worth a thread, and the part [first, end) of them with its offsets.
std::int64_t shared_positions(const Walk& w);
struct WalkPart {
  Walk walk;
  std::int64_t offset, a, b;
};
WalkPart part_of(const Walk& w, std::int64_t first, std::int64_t end);

// Calls work(a part of the walk over `size` elements, its offset in the result, in a and in b); the threads share them.
template <class Work>
void share_walk(const Walk& w, std::int64_t size, const Work& work) {
  if (size < 2 * shared_elements) return work(w, std::int64_t{0}, std::int64_t{0}, std::int64_t{0});
  share_ranges(w.extent[0], shared_positions(w), [&](std::int64_t first, std::int64_t end) {
    const WalkPart part = part_of(w, first, end);
    work(part.walk, part.offset, part.a, part.b);
  });
}

// Calls inner(result offset, a offset, b offset, length, a stride, b stride) for each run of the innermost axis.
template <class Inner>
GRADUS_INLINE void for_each_run(const Walk& w, const Inner& inner) {
  const int last = w.rank - 1;
  std::int64_t index[Shape::max_rank] = {};
  std::int64_t offset = 0, a = 0, b = 0;
  for (;;) {
    inner(offset, a, b, w.extent[last], w.a[last], w.b[last]);
    offset += w.extent[last];
    int axis = last - 1;
    for (; axis >= 0; --axis) {
      a += w.a[axis];
      b += w.b[axis];
      if (++index[axis] < w.extent[axis]) break;
      a -= w.a[axis] * w.extent[axis];
      b -= w.b[axis] * w.extent[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

// y = f(a, b) or y += f(a, b), with broadcasting of a and b to the shape of y. y may be an operand of its shape.
template <class F>
void broadcast(const Tensor& y, bool accumulate, const F f, const Tensor& a, const Tensor& b) {
  if (a.shape() == y.shape() && b.shape() == y.shape()) return map(y, accumulate, f, a, b);
  if (y.size() == 0) return;
  const Walk w = walk(y.shape(), a.shape(), b.shape());
  with_floating(y.dtype(), [&]<class T>(T) {
    share_walk(w, y.size(), [&](const Walk& part, std::int64_t first, std::int64_t first_a, std::int64_t first_b) {
      T* to = y.data<T>() + first;
      const T *pa = a.data<T>() + first_a, *pb = b.data<T>() + first_b;
      simd::run([=, &part] GRADUS_LOOP() {
        for_each_run(
            part, [=](std::int64_t o, std::int64_t ia, std::int64_t ib, std::int64_t n, std::int64_t sa,
                      std::int64_t sb) __attribute__((always_inline)) {
              T* t = to + o;
              const T *u = pa + ia, *v = pb + ib;
              const F g = f;
              const auto put = [=](auto fa, auto fb) __attribute__((always_inline)) {
                if (accumulate)
#pragma GCC ivdep
                  for (std::int64_t i = 0; i < n; ++i) t[i] += g(fa(i), fb(i));
                else
#pragma GCC ivdep
                  for (std::int64_t i = 0; i < n; ++i) t[i] = g(fa(i), fb(i));
              };
              const T u0 = *u, v0 = *v;
              const auto each_u = [=](std::int64_t i) __attribute__((always_inline)) { return u[i]; };
              const auto each_v = [=](std::int64_t i) __attribute__((always_inline)) { return v[i]; };
              const auto one_u = [=](std::int64_t) __attribute__((always_inline)) { return u0; };
              const auto one_v = [=](std::int64_t) __attribute__((always_inline)) { return v0; };
              if (sa && sb)
                put(each_u, each_v);
              else if (sa)
                put(each_u, one_v);
              else if (sb)
                put(one_u, each_v);
              else
                put(one_u, one_v);
            });
      });
    });
  });
}

// The sum of n numbers in 16 interleaved lanes.
template <class T>
GRADUS_INLINE T lane_sum(const T* __restrict x, std::int64_t n) {
  T lanes[16] = {};
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int k = 0; k < 16; ++k) lanes[k] += x[i + k];
  for (int k = 0; i + k < n; ++k) lanes[k] += x[i + k];
  for (int width = 8; width >= 1; width /= 2)
    for (int k = 0; k < width; ++k) lanes[k] += lanes[k + width];
  return lanes[0];
}

// y[...] = sum of x over the axes along which y has extent 1 (or lacks: leading ones), or y += it.
void sum_to(const Tensor& y, bool accumulate, const Tensor& x);

// y = the mean of x over the same axes. Where sums overflow, it adds up parts of the numbers.
void mean_to(const Tensor& y, const Tensor& x);

// y = x or y += x, of equal sizes.
void copy(const Tensor& y, bool accumulate, const Tensor& x);

}  // namespace gradus::kernels
