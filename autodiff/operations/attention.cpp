#include "autodiff/operations/attention.h"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/kernels/attention_rows.h"
#include "autodiff/kernels/products.h"
#include "autodiff/kernels/scratch.h"

namespace gradus {
namespace {

constexpr std::int64_t largest_block = 64;  // queries at a time

// Copies the rows of one head, `share` numbers each, between their places `stride` apart and a list of their own.
template <class T>
void gather_rows(T* to, const T* from, std::int64_t time, std::int64_t share, std::int64_t stride) {
  simd::run([=] GRADUS_LOOP() {
    for (std::int64_t t = 0; t < time; ++t) {
      T* __restrict row = to + t * share;
      const T* __restrict source = from + t * stride;
      for (std::int64_t i = 0; i < share; ++i) row[i] = source[i];
    }
  });
}
template <class T>
void scatter_rows(T* to, const T* from, std::int64_t time, std::int64_t share, std::int64_t stride, bool accumulate) {
  simd::run([=] GRADUS_LOOP() {
    for (std::int64_t t = 0; t < time; ++t) {
      T* __restrict row = to + t * stride;
      const T* __restrict source = from + t * share;
      if (accumulate)
        for (std::int64_t i = 0; i < share; ++i) row[i] += source[i];
      else
        for (std::int64_t i = 0; i < share; ++i) row[i] = source[i];
    }
  });
}

// One head of one sequence, gathered, in working memory that is used again for the next one and so stays in the cache.
template <class T>
struct Head {
  std::int64_t time, share, block = largest_block;
  AttentionHeads of;
  T *q, *k, *v, *g, *y, *dq, *dk, *dv, *scores, *weights;

  Head(const Shape& x, const AttentionHeads& heads) : time(x[1]), share(heads.one(x)[3]), of(heads) {
    struct AttentionHead;
    const std::int64_t rows = time * share, square = std::min(largest_block, time) * time;
    T* next = kernels::scratch<AttentionHead, T>(8 * rows + 2 * square);
    for (T** list : {&q, &k, &v, &g, &y, &dq, &dk, &dv}) {
      *list = next;
      next += rows;
    }
    scores = next;
    weights = next + square;
  }
  Tensor matrix(T* data, std::int64_t rows, std::int64_t columns) const {
    return Tensor::view(data, {rows, columns}, dtype_of<T>());
  }
  // The keys that queries before `end` see.
  std::int64_t keys(std::int64_t end) const { return of.causal ? end : time; }

  // In a block, the weights of keys that a query does not see are 0. So that 0 times infinity does not show what is
  // hidden, queries of a causal head with numbers that are not finite come one at a time, each with the keys that it
  // sees.
  void choose_block(std::initializer_list<const T*> parts) {
    bool moderate = true;
    if (of.causal)
      for (const T* rows : parts)
        simd::run([&] GRADUS_LOOP() { moderate = moderate && kernels::all_moderate(rows, time * share); });
    block = moderate ? largest_block : 1;
  }

  // The weights of queries [first, first + count).
  void compute_weights(std::int64_t first, std::int64_t count) const {
    const std::int64_t n = keys(first + count);
    kernels::matmul(matrix(scores, count, n), false, matrix(q + first * share, count, share), false,
                    matrix(k, n, share), true);
    T *to = weights, *from = scores;
    const T c = static_cast<T>(of.factor);
    const bool hide = of.causal;
    simd::run([=] GRADUS_VECTOR_LOOP() {
      for (std::int64_t r = 0; r < count; ++r)
        kernels::row_weights<bytes, false>(to + r * n, from + r * n, hide ? first + r + 1 : n, n, c);
    });
  }

  void forth() const {
    for (std::int64_t first = 0; first < time; first += block) {
      const std::int64_t count = std::min(block, time - first), n = keys(first + count);
      compute_weights(first, count);
      kernels::matmul(matrix(y + first * share, count, share), false, matrix(weights, count, n), false,
                      matrix(v, n, share), false);
    }
  }

  // The last block first: it sees all keys, so that it writes what the others add onto.
  void back() const {
    for (std::int64_t first = (time - 1) / block * block; first >= 0; first -= block) {
      const std::int64_t count = std::min(block, time - first), n = keys(first + count);
      const bool onto = first + count < time;
      const Tensor p = matrix(weights, count, n), d = matrix(scores, count, n);
      const Tensor queries = matrix(q + first * share, count, share),
                   cotangent = matrix(g + first * share, count, share);
      compute_weights(first, count);
      kernels::matmul(matrix(dv, n, share), onto, p, true, cotangent, false);
      kernels::matmul(d, false, cotangent, false, matrix(v, n, share), true);
      T *to = scores, *from = weights;
      const T c = static_cast<T>(of.factor);
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t r = 0; r < count; ++r)
          kernels::row_weights_derivative<false>(to + r * n, to + r * n, from + r * n, n, c);
      });
      kernels::matmul(matrix(dq + first * share, count, share), false, d, false, matrix(k, n, share), false);
      kernels::matmul(matrix(dk, n, share), onto, d, true, queries, false);
    }
  }
};

// Calls body(head, offset in x, offset in y) for each head of each sequence; the threads share them.
template <class T, class Body>
void for_each_head(const Shape& x, const AttentionHeads& of, const Body& body) {
  const std::int64_t width = of.width(x), share = width / of.heads, operations = 2 * x[1] * x[1] * share;
  constexpr std::int64_t worth_a_thread = 1 << 18;
  kernels::share_ranges(x[0] * of.heads, 1 + worth_a_thread / std::max<std::int64_t>(1, operations),
                        [&](std::int64_t first, std::int64_t end) {
                          Head<T> head(x, of);
                          for (std::int64_t i = first; i < end; ++i) {
                            const std::int64_t sequence = i / of.heads, column = i % of.heads * share;
                            body(head, sequence * x[1] * 3 * width + column, sequence * x[1] * width + column);
                          }
                        });
}

Shape result_of(const Shape& x, const AttentionHeads& of) {
  if (x.rank() != 3 || x[1] < 1 || of.heads < 1 || x[2] < 1 || x[2] % (3 * of.heads) != 0)
    bad_shapes("attention", {x}, fmt::format("[batch, time, 3 width] with a width that {} heads divide", of.heads));
  return {x[0], x[1], x[2] / 3};
}

}  // namespace

Shape ops::Attention::shape(Inputs in) const { return result_of(in[0].shape(), of); }
void ops::Attention::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Shape& shape = in[0].shape();
  const std::int64_t width = of.width(shape);
  with_floating(out.dtype(), [&]<class T>(T) {
    const T* x = in[0].data<T>();
    T* y = out.data<T>();
    for_each_head<T>(shape, of, [&](Head<T>& head, std::int64_t from, std::int64_t to) {
      gather_rows(head.q, x + from, head.time, head.share, 3 * width);
      gather_rows(head.k, x + from + width, head.time, head.share, 3 * width);
      gather_rows(head.v, x + from + 2 * width, head.time, head.share, 3 * width);
      head.choose_block({head.q, head.k, head.v});
      head.forth();
      scatter_rows(y + to, head.y, head.time, head.share, width, accumulate);
    });
  });
}

Shape ops::AttentionDerivative::shape(Inputs in) const {
  if (in[0].shape() != result_of(in[1].shape(), of))
    bad_shapes(title, {in[0].shape(), in[1].shape()}, "[batch, time, width] for [batch, time, 3 width]");
  return in[1].shape();
}
void ops::AttentionDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Shape& shape = in[1].shape();
  const std::int64_t width = of.width(shape);
  with_floating(out.dtype(), [&]<class T>(T) {
    const T *g = in[0].data<T>(), *x = in[1].data<T>();
    T* dx = out.data<T>();
    for_each_head<T>(shape, of, [&](Head<T>& head, std::int64_t in_x, std::int64_t in_y) {
      gather_rows(head.q, x + in_x, head.time, head.share, 3 * width);
      gather_rows(head.k, x + in_x + width, head.time, head.share, 3 * width);
      gather_rows(head.v, x + in_x + 2 * width, head.time, head.share, 3 * width);
      gather_rows(head.g, g + in_y, head.time, head.share, width);
      head.choose_block({head.q, head.k, head.v, head.g});
      head.back();
      scatter_rows(dx + in_x, head.dq, head.time, head.share, 3 * width, accumulate);
      scatter_rows(dx + in_x + width, head.dk, head.time, head.share, 3 * width, accumulate);
      scatter_rows(dx + in_x + 2 * width, head.dv, head.time, head.share, 3 * width, accumulate);
    });
  });
}

template class Operation<ops::AttentionDerivative>;
template class Operation<ops::Attention>;

}  // namespace gradus
