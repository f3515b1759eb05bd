// Prints docs/problems.md: every problem with its formula, source, dimensions, start and minimum.
#include <cmath>
#include <cstdio>
#include <string>

#include "experiments/problems/problem.h"
#include "experiments/records/program.h"
#include "settings/markdown.h"

using namespace gradus;

namespace {

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
}

}  // namespace

int main() {
  return records::guarded_main("describe_problems", [] {
    print_page();
    return 0;
  });
}
