#include "autodiff/finite_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace gradus {
namespace {

struct BadElements {
  std::int64_t first, count;
};

std::optional<BadElements> bad_elements(const Tensor& tensor) {
  if (tensor.dtype() == DType::int32) return std::nullopt;
  return with_floating(tensor.dtype(), [&]<class T>(T) -> std::optional<BadElements> {
    const std::span<const T> x = tensor.elements<T>();
    const auto bad = [](T e) { return !(std::abs(e) <= std::numeric_limits<T>::max()); };
    std::int64_t count = 0;
    for (const T e : x) count += bad(e);  // no early end: so the loop is a vector loop
    if (count == 0) return std::nullopt;
    return BadElements{std::ranges::find_if(x, bad) - x.begin(), count};
  });
}

std::string type_of(const Tensor& tensor) {
  return fmt::format("{} {}", tensor.shape().to_string(), name_of(tensor.dtype()));
}

// "inf at [0, 2]", without a place for a scalar.
std::string first_bad(const Tensor& tensor, const BadElements& bad) {
  const double value = tensor.at(bad.first);
  const Shape& shape = tensor.shape();
  Shape place = shape;
  std::int64_t rest = bad.first;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    place[axis] = rest % shape[axis];
    rest /= shape[axis];
  }
  const char* name = std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  return shape.rank() ? fmt::format("{} at {}", name, place.to_string()) : name;
}

// "inf at [0, 2] of [3, 4] float32 (2 of 12 not finite)"
std::string describe(const Tensor& tensor, const BadElements& bad) {
  return fmt::format("{} of {} ({} of {} not finite)", first_bad(tensor, bad), type_of(tensor), bad.count,
                     tensor.size());
}

std::string health(const Tensor& tensor) {
  const auto bad = bad_elements(tensor);
  return bad ? "has " + first_bad(tensor, *bad) : "finite";
}

std::string health(const Graph& graph, std::uint32_t node) {
  return graph[node].overwritten ? "overwritten" : health(graph[node].value);
}

std::string operands_with_health(const Graph& graph, std::uint32_t node) {
  std::string text;
  for (const std::uint32_t i : graph.operands(node))
    text += fmt::format("{}{} {}", text.empty() ? "operands: " : ", ", graph.reference(i), health(graph, i));
  return text;
}

}  // namespace

void check_result(const Graph& graph, std::uint32_t node) {
  if (graph.is_leaf(node) || graph.is_view(node)) return;  // neither computes anything
  const Tensor& result = graph[node].value;
  const auto bad = bad_elements(result);
  if (!bad) return;
  const std::uint32_t rule = graph.origin();
  const std::string where =
      rule == Graph::no_node ? "" : fmt::format(", in the derivative of {},", graph.reference(rule));
  throw std::runtime_error(fmt::format("check_finite: {}: {}{} gives {}; {}", graph.reference(node), graph.title(node),
                                       where, describe(result, *bad), operands_with_health(graph, node)));
}

void check_cotangent(const Graph& graph, std::uint32_t node, const Tensor& cotangent) {
  if (const auto bad = bad_elements(cotangent))
    throw std::runtime_error(fmt::format("check_finite: {}: the cotangent given to the sweep has {}",
                                         graph.reference(node), describe(cotangent, *bad)));
}

void check_contributions(const Graph& graph, const SweepState& state, std::uint32_t node) {
  for (const std::uint32_t operand : graph.operands(node)) {
    const Adjoint& adjoint = state.adjoints[operand];
    if (!state.on_path[operand] || !adjoint.has_contribution()) continue;
    if (const auto bad = bad_elements(adjoint.tensor))
      throw std::runtime_error(fmt::format(
          "check_finite: {}: the derivative of {} {} gives the adjoint of {} {}; its own adjoint {}, its value {}, {}",
          graph.reference(node), graph.title(node), type_of(graph[node].value), graph.reference(operand),
          describe(adjoint.tensor, *bad), health(state.adjoints[node].tensor), health(graph, node),
          operands_with_health(graph, node)));
  }
}

}  // namespace gradus
