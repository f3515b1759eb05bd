// Names, listings, pictures, the search for the first NaN, and memory by operation.
#include "autodiff/inspect.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>

#include "autodiff/checkpoint.h"
#include "autodiff/gradient.h"
#include "autodiff/linearization.h"
#include "autodiff/operations.h"
#include "tests/support/throws.h"

namespace gradus {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// The text of the std::runtime_error that f throws, one line; empty if it throws nothing.
template <class F>
std::string line_of(const F& f) {
  const std::string text = error_of<std::runtime_error>(f);
  EXPECT_EQ(text.find('\n'), std::string::npos) << "one line";
  return text;
}

std::string contents(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Names, AreAutomaticOrChosenAndEndWithReset) {
  Tape tape;
  const Tensor a = Tensor::of({2}, {1, 2}, DType::float32);
  const Var x = tape.leaf(a), y = tanh(x);
  EXPECT_EQ(tape.name(x), "leaf_0");
  EXPECT_EQ(tape.name(y), "tanh_1");
  EXPECT_EQ(tape.name(tape.name(y, "hidden")), "hidden");
  tape.name(x, "input");  // out of order
  EXPECT_EQ(tape.name(named(y + y, "twice")), "twice");
  EXPECT_EQ(tape.name(y), "hidden");
  EXPECT_EQ(tape.name(x), "input");
  tape.name(y, "other");
  EXPECT_EQ(tape.name(y), "other");
  tape.reset();
  EXPECT_THROW(tape.name(y), std::invalid_argument);
  EXPECT_THROW(tape.name(y, "stale"), std::invalid_argument);
  EXPECT_EQ(tape.name(tanh(tape.leaf(a))), "tanh_1");
}

TEST(Names, MustFitOnOneLine) {
  Tape tape;
  const Var x = tape.scalar(1);
  EXPECT_THROW(tape.name(x, ""), std::invalid_argument);
  EXPECT_THROW(tape.name(x, "two\nlines"), std::invalid_argument);
  EXPECT_THROW(Scope(tape, "a\tb"), std::invalid_argument);
  EXPECT_EQ(tape.name(x), "leaf_0");
}

TEST(Names, CarryTheirScopes) {
  Tape tape;
  const Var x = tape.scalar(1);
  std::optional<Scope> forgotten;
  {
    const Scope encoder(tape, "encoder");
    EXPECT_EQ(tape.name(tanh(x)), "encoder.tanh_1");
    {
      const Scope layer(tape, "0");
      EXPECT_EQ(tape.name(named(tanh(x), "hidden")), "encoder.0.hidden");
    }
    { const Scope empty(tape, "empty"); }
    EXPECT_EQ(tape.name(tanh(x)), "encoder.tanh_3");
  }
  EXPECT_EQ(tape.name(tanh(x)), "tanh_4");
  EXPECT_EQ(tape.name(x), "leaf_0");
  forgotten.emplace(tape, "old");
  tape.reset();
  const Scope now(tape, "new");
  forgotten.reset();  // of before the reset: must not end the scope that is open
  EXPECT_EQ(tape.name(tape.scalar(1)), "new.leaf_0");
}

TEST(Listing, HasALineForEachNode) {
  Tape tape;
  const Tensor a = Tensor::of({2, 3}, {1, 2, 3, 4, 5, 6}, DType::float32), labels = Tensor::indices({0, 2});
  const Var x = named(tape.leaf(a), "x"), rows = tape.leaf(labels);
  const Var taken = gather(reshape(x, {3, 2}), rows);
  named(taken * tape.scalar(2), "y");
  EXPECT_EQ(to_text(tape),
            "node  name       operation  operands           shape   type     bytes  kind\n"
            "   0  x          leaf                          [2, 3]  float32     24  leaf\n"
            "   1  leaf_1     leaf                          [2]     int32        8  leaf\n"
            "   2  reshape_2  reshape    x#0                [3, 2]  float32     24  view\n"
            "   3  gather_3   gather     reshape_2, leaf_1  [2, 2]  float32     16  value\n"
            "   4  leaf_4     leaf                          []      float32      4  copied leaf\n"
            "   5  y          mul        gather_3, leaf_4   [2, 2]  float32     16  value\n");
}

TEST(Listing, TellsWhoseDerivativeANodeBelongsTo) {
  Tape tape(DType::float64);
  const Var x = named(tape.scalar(0.5), "x"), y = named(tanh(x), "y");
  const Var first = record_gradient(y, {x})[0];
  const Var unrelated = x + x;
  const Var second = record_gradient(first, {x})[0];
  const std::string all = to_text(tape), line = all.substr(all.find(tape.name(first)));
  EXPECT_NE(line.substr(0, line.find('\n')).find("value, derivative of y#1"), std::string::npos) << all;
  const std::string later = all.substr(all.find(tape.name(unrelated)));
  EXPECT_EQ(later.substr(0, later.find('\n')).find("derivative"), std::string::npos) << all;
  // At second order, of a node that is itself part of a derivative.
  EXPECT_GE(count(all, "derivative of " + tape.name(first)), 1u) << all;
  EXPECT_EQ(count(all, "\n"), tape.node_count() + 1);
  EXPECT_TRUE(second.defined());
}

TEST(Listing, OfAResultLeavesOutWhatItDoesNotDependOn) {
  Tape tape;
  const Var x = named(tape.scalar(1), "x"), y = named(tanh(x), "y"), other = named(exp(x), "other"),
            z = named(y * y, "z");
  EXPECT_EQ(count(to_text(z), "\n"), 4u);
  EXPECT_EQ(to_text(z).find("other"), std::string::npos);
  EXPECT_EQ(count(to_text(other), "\n"), 3u);
  EXPECT_EQ(count(to_dot(z), "label=\"x#0"), 1u);
  EXPECT_EQ(to_dot(z).find("other"), std::string::npos);
  tape.reset();
  EXPECT_THROW(to_text(z), std::invalid_argument);
  EXPECT_EQ(count(to_text(tape), "\n"), 1u);
}

TEST(Picture, DrawsLeavesViewsAndDerivatives) {
  Tape tape;
  const Tensor a = Tensor::of({2, 3}, {1, 2, 3, 4, 5, 6}, DType::float32);
  const Var x = named(tape.leaf(a), "the \"input\" \\ x"), flat = reshape(x, {6});
  const Var y = named(sum(flat * tape.scalar(2)), "y");
  const Var g = record_gradient(y, {x})[0];
  const std::string dot = to_dot(tape);
  EXPECT_EQ(count(dot, "shape=ellipse"), count(to_text(tape), "leaf  "));
  EXPECT_NE(dot.find("n0 [label=\"the \\\"input\\\" \\\\ x#0\\n[2, 3] float32\\n24 B\", shape=ellipse];"),
            std::string::npos)
      << dot;
  EXPECT_NE(dot.find("n1 [label=\"reshape_1\\n[6] float32\\n24 B\", style=\"dashed\"];"), std::string::npos) << dot;
  EXPECT_NE(dot.find("n3 [label=\"mul_3\\n[6] float32\\n24 B\"];"), std::string::npos) << dot;
  EXPECT_NE(dot.find("n4 [label=\"y#4\\nsum"), std::string::npos) << dot;
  EXPECT_NE(dot.find("n0 -> n1;"), std::string::npos);
  EXPECT_NE(dot.find("n2 -> n3 [label=\"1\"];"), std::string::npos);
  EXPECT_NE(dot.find("fillcolor=gray90, style=\"dashed,filled\""), std::string::npos) << "the gradient is a reshape\n"
                                                                                      << dot;
  EXPECT_EQ(g.shape(), a.shape());
}

TEST(Picture, IsAcceptedByGraphviz) {
  if (std::system("command -v dot >/dev/null 2>&1") != 0) GTEST_SKIP() << "Graphviz (dot) is not installed";
  Tape tape;
  const Tensor a = Tensor::of({2, 3}, {1, 2, 3, 4, 5, 6}, DType::float32);
  const Var x = named(tape.leaf(a), "the \"input\" \\ <x> {1|2}");
  const Scope scope(tape, "layer.0");
  const Var g = record_gradient(sum(tanh(reshape(x, {6}))), {x})[0];
  EXPECT_TRUE(g.defined());
  const auto folder = std::filesystem::path(testing::TempDir()) / "gradus_inspect_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "tape.dot") << to_dot(tape);
  const std::string command = "cd '" + folder.string() + "' && dot -Tsvg tape.dot -o tape.svg 2> said";
  EXPECT_EQ(std::system(command.c_str()), 0) << contents(folder / "said");
  const std::string svg = contents(folder / "tape.svg");
  EXPECT_EQ(count(svg, "class=\"node\""), tape.node_count());
  EXPECT_NE(svg.find("the &quot;input&quot; \\ &lt;x&gt; {1|2}#0"), std::string::npos) << svg;
  std::filesystem::remove_all(folder);
}

TEST(CheckFinite, NamesTheFirstOperationThatGoesWrong) {
  const Tensor a = Tensor::of({2, 3}, {1, 2, 3, 4, 0, 0});
  Tape tape(DType::float64);
  tape.check_finite(true);
  const Var x = named(tape.leaf(a), "x");
  EXPECT_EQ(line_of([&] { log(x); }),
            "check_finite: log_1: log gives -inf at [1, 1] of [2, 3] float64 (2 of 6 not finite); "
            "operands: x#0 finite");
  EXPECT_NE(to_text(tape).find("log_1"), std::string::npos) << "the node stays, to be looked at";
  const Tensor b = Tensor::of({3}, {1, nan, 1});
  const Var y = tape.leaf(b);  // a leaf may hold anything: a mask may be -inf
  EXPECT_EQ(line_of([&] { mul(x, y); }),
            "check_finite: mul_3: mul gives nan at [0, 1] of [2, 3] float64 (2 of 6 not finite); "
            "operands: x#0 finite, leaf_2 has nan at [1]");
  EXPECT_EQ(line_of([&] { reshape(y, {3, 1}); }), "") << "a view computes nothing";
  EXPECT_EQ(line_of([&] { sum(log(x)); }).substr(0, 22), "check_finite: log_5: l");
  tape.check_finite(false);
  EXPECT_EQ(log(x).value().at(4), -std::numeric_limits<double>::infinity());
  tape.check_finite(true);
  tape.reset();
  EXPECT_NE(line_of([&] { log(tape.scalar(-1)); }).find("log_1: log gives nan of [] float64 (1 of 1 not finite"),
            std::string::npos);
}

TEST(CheckFinite, IsOffUntilAskedFor) {
  Tape tape;
  const Var x = tape.scalar(0);
  EXPECT_EQ(line_of([&] { gradient(log(x), {x}); }), "");
}

TEST(CheckFinite, SeesWhatOverflowsInFloat32Alone) {
  for (const DType type : {DType::float32, DType::float64}) {
    Tape tape(type);
    tape.check_finite(true);
    const Tensor a = Tensor::of({2}, {1, 100}, type);
    const std::string error = line_of([&] { exp(named(tape.leaf(a), "x")); });
    EXPECT_EQ(
        error,
        type == DType::float64
            ? ""
            : "check_finite: exp_1: exp gives inf at [1] of [2] float32 (1 of 2 not finite); operands: x#0 finite");
  }
}

TEST(CheckFinite, SearchesTheAdjointsOfAnEagerSweep) {
  for (const DType type : {DType::float32, DType::float64}) {
    Tape tape(type);
    const Tensor a = Tensor::of({3}, {4, 0, 1}, type);
    const Var x = named(tape.leaf(a), "x"), z = sum(named(sqrt(scale(x, 2)), "root"));
    EXPECT_EQ(line_of([&] { gradient(z, {x}); }), "");
    tape.check_finite(true);
    const std::string of_type = std::string("[3] ") + name_of(type);
    EXPECT_EQ(line_of([&] { gradient(z, {x}); }),
              "check_finite: root#2: the derivative of sqrt " + of_type +
                  " gives the adjoint of scale_1 inf at [1] of " + of_type +
                  " (1 of 3 not finite); its own adjoint finite, its value finite, operands: scale_1 finite");
    tape.check_finite(false);
    EXPECT_EQ(line_of([&] { gradient(z, {x}); }), "") << "a sweep that was left can be run again";
  }
}

TEST(CheckFinite, SeesASumOfContributionsOverflow) {
  for (const DType type : {DType::float32, DType::float64}) {
    Tape tape(type);
    tape.check_finite(true);
    const Var x = tape.scalar(1e-10), a = scale(x, 3e38), b = scale(x, 2e38);
    const Var z = a + b;  // each contribution is finite, 5e38 is not, in float32
    const std::string error = line_of([&] { gradient(z, {x}); });
    if (type == DType::float64)
      EXPECT_EQ(error, "");
    else
      EXPECT_EQ(
          error.substr(0, error.find('(')),
          "check_finite: scale_1: the derivative of scale [] float32 gives the adjoint of leaf_0 inf of [] float32 ");
  }
}

TEST(CheckFinite, SearchesRecordedDerivatives) {
  Tape tape;
  const Tensor a = Tensor::of({2}, {1, 0}, DType::float32);
  tape.check_finite(true);
  const Var x = tape.leaf(a), root = named(sqrt(x), "root"), z = sum(root);
  const std::string error = line_of([&] { record_gradient(z, {x}); });
  EXPECT_NE(error.find(": div, in the derivative of root#1, gives inf at [1] of [2] float32"), std::string::npos)
      << error;
  EXPECT_NE(error.find("root#1 finite"), std::string::npos) << error;
  // The sweep that was left does not claim what follows.
  EXPECT_EQ(line_of([&] { log(x); }).find("derivative"), std::string::npos);
}

TEST(CheckFinite, SearchesSecondOrderProducts) {
  for (const DType type : {DType::float32, DType::float64}) {
    Tape tape(type);
    tape.check_finite(true);
    const Tensor a = Tensor::of({1}, {1e-30}, type), v = Tensor::of({1}, {1}, type), out = Tensor::zeros({1}, type);
    const Var x = named(tape.leaf(a), "x");
    Linearization at(sum(sqrt(x)), {&x, 1});  // x^(-1/2) / 2 is finite; -x^(-3/2) / 4 is -2.5e44
    const std::string error = line_of([&] { at.hessian_times(v, out); });
    if (type == DType::float64) {
      EXPECT_EQ(error, "");
      EXPECT_NEAR(out.item(), -2.5e44, 1e32);
    } else {
      EXPECT_NE(error.find("the derivative of "), std::string::npos) << error;
      EXPECT_NE(error.find("inf at [0] of [1] float32 (1 of 1 not finite)"), std::string::npos) << error;
    }
  }
}

TEST(CheckFinite, RefusesACotangentThatIsNot) {
  Tape tape(DType::float64);
  tape.check_finite(true);
  const Tensor a = Tensor::of({2}, {1, 2}), seed = Tensor::of({2}, {1, nan}), out = Tensor::zeros({2}, DType::float64);
  const Var x = tape.leaf(a), y = named(tanh(x), "y");
  EXPECT_EQ(line_of([&] {
              vjp(y, seed, {&x, 1}, {&out, 1});
            }),
            "check_finite: y#1: the cotangent given to the sweep has nan at [1] of [2] float64 (1 of 2 not finite)");
}

TEST(CheckFinite, ReachesIntoCheckpoints) {
  const Segment segment = [](Tape&, std::span<const Var> in) { return sqrt(log(in[0])); };
  for (const bool first : {true, false}) {
    Tape tape;
    const Var x = tape.scalar(0.5), one = tape.scalar(1);
    if (first) tape.check_finite(true);
    EXPECT_EQ(line_of([&] { checkpoint(segment, {&one, 1}); }), "");
    if (!first) tape.check_finite(true);
    const std::string error = line_of([&] { checkpoint(segment, {&x, 1}); });
    EXPECT_NE(error.find("sqrt_2: sqrt gives nan"), std::string::npos) << error;
    const Var y = checkpoint(segment, {&one, 1});  // the derivative of the root at 0
    EXPECT_NE(line_of([&] { gradient(y, {one}); }).find("the derivative of sqrt"), std::string::npos);
  }
}

const MemoryReport::Row& row_of(const MemoryReport& report, const std::string& operation) {
  for (const auto& row : report.rows)
    if (row.operation == operation) return row;
  throw std::logic_error("no row of " + operation);
}

TEST(Memory, OfValuesIsGivenByOperation) {
  Tape tape;
  const Tensor a = Tensor::full({32, 32}, 0.5, DType::float32);
  const Var x = tape.leaf(a), kept = tape.copy(a);
  const Var y = tanh(tanh(reshape(x + kept, {1024})));
  sum(y);
  const MemoryReport report = memory_by_operation(tape);
  EXPECT_EQ(row_of(report, "tanh").values, 2u * 4096);
  EXPECT_EQ(row_of(report, "tanh").nodes, 2u);
  EXPECT_EQ(row_of(report, "leaf").values, 4096u) << "the other lies in memory of the caller";
  EXPECT_EQ(row_of(report, "leaf").nodes, 2u);
  EXPECT_EQ(row_of(report, "reshape").values, 0u);
  EXPECT_EQ(row_of(report, "add").values, 4096u);
  EXPECT_EQ(report.values, 4u * 4096 + 4);
  EXPECT_EQ(report.values + report.overhead, tape.bytes_used());
  EXPECT_EQ(report.rows[0].operation, "tanh");
  EXPECT_TRUE(std::ranges::is_sorted(report.rows, std::ranges::greater{}, &MemoryReport::Row::total));
  EXPECT_EQ(report.sweep_peak, 0u);
}

TEST(Memory, OfASweepIsThatOfItsPeak) {
  for (const DType type : {DType::float32, DType::float64}) {
    const std::size_t bytes = 1024 * size_of(type);
    Tape tape(type);
    const Tensor a = Tensor::full({1024}, 0.5, type);
    const Var x = tape.leaf(a), z = sum(named(square(tanh(x)), "squares"));
    gradient(z, {x});
    EXPECT_EQ(memory_by_operation(tape).sweep_peak, 0u) << "nobody asked";
    tape.profile_memory(true);
    gradient(z, {x});
    const MemoryReport report = memory_by_operation(tape);
    // In the rule of square: its adjoint, in whose place that of tanh comes, and the product dy x as scratch.
    EXPECT_EQ(report.sweep_peak, 2 * bytes);
    EXPECT_EQ(report.peak_node, "squares#2");
    EXPECT_EQ(row_of(report, "square").adjoints, bytes);
    EXPECT_EQ(row_of(report, "square").scratch, bytes);
    EXPECT_EQ(row_of(report, "tanh").adjoints, 0u);
    EXPECT_EQ(row_of(report, "sum_to").adjoints, 0u) << "the caller's";
    EXPECT_EQ(report.values + report.overhead + report.sweep_peak, tape.bytes_used());
    gradient(sum(x), {x});  // a smaller sweep
    EXPECT_EQ(memory_by_operation(tape).sweep_peak, report.sweep_peak);
    tape.reset();
    EXPECT_EQ(memory_by_operation(tape).sweep_peak, 0u);
    EXPECT_TRUE(memory_by_operation(tape).rows.empty());
  }
}

TEST(Memory, OfSecondOrderSweepsAddsUp) {
  Tape tape;
  tape.profile_memory(true);
  const Tensor w = Tensor::full({48, 48}, 0.1, DType::float32), v = Tensor::full({48 * 48}, 1, DType::float32);
  const Var x = tape.leaf(w);
  Linearization at(sum(square(tanh(matmul(x, x)))), {&x, 1});
  const Tensor out = Tensor::zeros({48 * 48}, DType::float32);
  std::size_t peak = 0;
  for (int i = 0; i < 3; ++i) {
    at.hessian_times(v, out);
    const MemoryReport report = memory_by_operation(tape);
    std::size_t held = 0, values = 0;
    for (const auto& row : report.rows) {
      held += row.adjoints + row.scratch;
      values += row.values;
    }
    EXPECT_LE(held, report.sweep_peak);
    EXPECT_LT(report.sweep_peak - held, 64 * tape.node_count()) << "alignment only";
    EXPECT_GT(held, w.bytes());
    EXPECT_EQ(values, report.values);
    EXPECT_EQ(report.values + report.overhead + report.sweep_peak, tape.bytes_used());
    EXPECT_GE(row_of(report, "tanh_slope").values, w.bytes()) << "recorded by the rule of tanh";
    EXPECT_EQ(report.sweep_peak, i ? peak : report.sweep_peak) << "the same in every product";
    peak = report.sweep_peak;
  }
}

TEST(Memory, IsPrintedAsATable) {
  Tape tape;
  tape.profile_memory(true);
  const Tensor a = Tensor::full({1024}, 0.5, DType::float32);
  const Var x = tape.leaf(a), z = sum(square(tanh(x)));
  gradient(z, {x});
  const MemoryReport report = memory_by_operation(tape);
  const std::string text = to_text(report);
  EXPECT_EQ(text.substr(0, text.find("bytes;")),
            "operation  nodes  values  adjoints  scratch\n"
            "square         1    4096      4096     4096\n"
            "tanh           1    4096         -        -\n"
            "sum_to         1       4         -        -\n"
            "leaf           1       -         -        -\n"
            "sum            4    8196      4096     4096\n");
  EXPECT_NE(text.find("peak of 8192 bytes with alignment, in the rule of square_2\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace gradus
