// Prints docs/problems.md: every problem with its formula, source, dimensions, start and minimum; and how our methods
// stand beside SciPy's on them, as tests/optim/scipy_profiles.py has measured it.
#include <cmath>
#include <cstdio>
#include <string>

#include "experiments/problems/problem.h"
#include "experiments/records/program.h"
#include "settings/markdown.h"

using namespace gradus;

namespace {

constexpr char beside_scipy[] =
#include "beside_scipy.inc"
    ;

std::string short_number(double value) {
  if (std::isinf(value)) return value < 0 ? "none" : "inf";
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

// "1, 2", or "-1.2, 1, ..." for more than four.
std::string point(const std::vector<double>& x) {
  std::string text;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i == 4 && x.size() > 6) return text + ", ...";
    text += (i ? ", " : "") + short_number(x[i]);
  }
  return text;
}

std::string dimensions(const problems::Dimensions& d) {
  if (d.low == d.high) return std::to_string(d.low);
  std::string text = std::to_string(d.low) + " to " + std::to_string(d.high);
  if (d.multiple_of > 1) text += ", multiples of " + std::to_string(d.multiple_of);
  return text + " (" + std::to_string(d.standard) + ")";
}

void print_page() {
  records::put(
      "# Problems\n\n"
      "Functions with exact gradients and curvature products, for `build/bin/minimize --problem=NAME` and for programs "
      "that link\n"
      "`gradus_problems`. Made from the code by `build/bin/describe_problems`; a test holds this page to its output. "
      "The dimension\n"
      "in brackets is the default, for which start and minimum are shown; \"GN\" marks problems with Gauss-Newton "
      "products.\n\n"
      "| problem | function | dimension | start | minimum | at | |\n| --- | --- | --- | --- | --: | --- | --- |\n");
  for (const problems::Problem& p : problems::problems()) {
    const std::int64_t n = problems::dimension_of(p, {});
    const problems::Minimum minimum = p.minimum(n);
    const bool gauss_newton = static_cast<bool>(problems::make_objective(p)->curvature()->gauss_newton);
    records::put("| `" + p.name + "` | " + cell(p.formula) + ". " + cell(p.source) + " | " + dimensions(p.dimensions) +
                 " | " + point(p.start(n)) + " | " + (std::isnan(minimum.value) ? "" : short_number(minimum.value)) +
                 " | " + point(minimum.point) + " | " + (gauss_newton ? "GN" : "") + " |\n");
  }
  records::put(
      "\n## Data from files\n\n"
      "`--data=FILE` of `logistic_regression` and `curve_fit` reads a table of numbers, UTF-8 text whose last column "
      "is "
      "the target. One\n"
      "separator holds for the file: of what stands in its first line a semicolon, else a tab, else a comma, else runs "
      "of spaces and\n"
      "tabs (or `--data-separator`). Cells may stand in double quotes; a byte-order mark, empty lines and lines that "
      "begin with `#` are\n"
      "passed over. The first line may hold names, each of which begins with a letter; every other one is a row. What "
      "is "
      "doubtful is\n"
      "refused with line and column: decimal commas, empty cells, nan, inf and what float64 (or `--dtype`) does not "
      "hold, more or fewer\n"
      "cells than before, a line of names and numbers. Labels of `logistic_regression` are whole numbers counted from "
      "0. "
      "With `--labels`\n"
      "both files are IDX, as MNIST's. `lab::read_number_table` reads such tables for any program.\n");
  records::put(R"(
## Beside SciPy

Our curvature methods and SciPy's of the same kind, with the numbers that they have by default, on the functions of
Moré, Garbow & Hillstrom above, `rosenbrock` in 2 and in 100 dimensions and, but for least squares,
`logistic_regression`: from the standard starts until a gradient is shorter than 1e-8, in at most 2,000 steps. On
`freudenstein_roth`, `jennrich_sampson`, `meyer` and `brown_dennis`, whose least values are far above 0 and round away
what is smaller, it is 1e-7 of 2 \|J\| \|r\| at the minimum, r being the residuals and J their Jacobian.

![Performance profiles: share of problems solved by the ratio to the least cost](beside_scipy.svg)

A line shows the share of problems that a method solves with so many times the least cost of any in its panel (Dolan &
Moré 2002); SciPy's are dashed. In the table are the costs of ours over SciPy's on the problems that both solve, in
all and as the geometric mean of the ratios. `trust-krylov` is not the same in each run: in some it solves `penalty_2`.
What is counted:

* *products* of the Hessian with a vector;
* *evaluations*: points at which the value, the gradient or both are asked for;
* *evaluations and products*, of least squares: an evaluation is also one of the residuals, or of what products need at
  a point; a product is one of J^T J. SciPy's methods ask for J, which counts as one evaluation and a product for each
  of its columns, as many as J^T J has. A product is a sweep forward and one back, a column the former alone: with so
  few variables J may be had at half this price, and then `lm` and `trf` are ahead. What our methods are for, J does
  not fit into memory.

)");
  records::put(beside_scipy);
  records::put(R"(
The picture and the table are made by

    tools/setup --peers
    .peers/bin/python tests/optim/scipy_profiles.py build/bin

and this page from them by a new build of `describe_problems`. `tests/optim/scipy_comparison.py build/bin` prints each
problem's costs, with any SciPy; as a test it holds that ours solves what SciPy's does, and at most 1.2 times its cost,
but for what is named above.
)");
}

}  // namespace

int main() {
  return records::guarded_main("describe_problems", [] {
    print_page();
    return 0;
  });
}
