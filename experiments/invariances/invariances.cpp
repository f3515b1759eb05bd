// To what is a method blind? Its path through a problem, and through the same problem written down in another way.
// Expected: plain methods do not see which axes there are, sign-like ones not how large the gradients are, and an exact
// Gauss-Newton step neither of both.
//   build/bin/invariances --optimizer=adam --epsilon=1e-16 --output=results/one
#include "experiments/invariances/deviation.h"
#include "experiments/lab/run.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main(
      "invariances", "Compares a method's path with that through the same problem, written down in other ways.", argc,
      argv,
      [](lab::Run& run) {
        const lab::ChosenOptimizer optimizer = run.optimizer("adam");
        const std::int64_t steps = run.option("steps", std::int64_t{10}, "through each problem", lab::at_least(1));
        std::vector<std::vector<double>> paths;
        run.before_start([&] {
          for (const Rewriting& one : rewritings())
            paths.push_back(lab::from_options([&] { return deviations(optimizer.recipe, one, run.seed(), steps); }));
        });
        run.start();
        std::vector<records::Column> columns;
        for (const Rewriting& one : rewritings())
          columns.push_back({.name = one.name,
                             .long_name = "distance of the paths over their length, at most so far: " + one.what,
                             .better = records::Better::lower,
                             .draw = records::Draw::log});
        lab::RunTable& table = run.table("deviation", columns);
        for (std::size_t step = 0; step < paths.front().size(); ++step) {
          std::vector<double> row;
          for (const std::vector<double>& path : paths) row.push_back(path[step]);
          table.append(static_cast<std::int64_t>(step) + 1, row);
        }
      },
      "float64");
}
