// sweep: runs a program over a grid of its options, one process a run, and keeps a table of what came of each.
//
// Exit codes: 0 every run completed or diverged, 1 a run failed or the system did, 2 usage, 75 runs are pending that
// can go on, 130 interrupted.
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "experiments/records/program.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

using records::UsageError;

// CLI11 would say only that one is required.
void require_verb(const std::vector<Verb>& verbs, const std::vector<std::string>& own) {
  std::string names;
  for (const Verb& verb : verbs) {
    if (!own.empty() && own.front() == verb.app->get_name()) return;
    names += (names.empty() ? "" : ", ") + verb.app->get_name();
  }
  if (own.empty()) throw UsageError(fmt::format("expected a subcommand, one of {} (sweep --help tells more)", names));
  if (own.front() == "--help" || own.front() == "-h") return;
  throw UsageError(
      fmt::format("{}: no such subcommand, expected one of {} (sweep --help tells more)", own.front(), names));
}

int sweep_main(const std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin() + 1, arguments.end(), "--");
  std::vector<std::string> own(arguments.begin() + 1, dashes);
  CommandLine line{arguments, {}, dashes != arguments.end()};
  if (line.has_rest) line.rest.assign(dashes + 1, arguments.end());

  CLI::App app{"Runs a program over a grid of its options: one process and one folder a run.", "sweep"};
  app.require_subcommand(1);
  const std::vector<Verb> verbs = {run_verb(app),     plan_verb(app),       resume_verb(app), retry_verb(app),
                                   run_one_verb(app), slurm_task_verb(app), status_verb(app), watch_verb(app),
                                   cancel_verb(app),  list_verb(app),       diff_verb(app),   verify_verb(app),
                                   export_verb(app),  completion_verb(app)};
  require_verb(verbs, own);
  for (const Verb& verb : verbs)
    if (own.front() == verb.app->get_name() && line.has_rest && !verb.takes_program)
      throw UsageError(
          fmt::format("{0}: expected sweep {0} FOLDER, and nothing after -- (a folder -NAME is written "
                      "./-NAME)",
                      own.front()));
  try {
    std::reverse(own.begin(), own.end());  // the order in which CLI11 takes a vector
    app.parse(own);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help
      std::ostringstream help;
      app.exit(error, help, help);
      records::put(help.str());
      return 0;
    }
    throw UsageError(fmt::format("{} (sweep --help tells more)", error.what()));
  }
  for (const Verb& verb : verbs)
    if (verb.app->parsed()) return verb.run(line);
  return 0;
}

// A signal asks any of the subcommands to end: no error, but one line.
int ended_by_signals(const std::vector<std::string>& arguments) {
  try {
    return sweep_main(arguments);
  } catch (const records::Interrupted& signal) {
    records::complain("sweep", signal.what);
    return records::exit_interrupted;
  }
}

// Descriptors 0 to 2 are never something else's; what is written to one that was closed fails.
void open_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream)
    if (::fcntl(stream, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDONLY) >= 0);
}

}  // namespace
}  // namespace gradus::sweep

int main(int argc, char** argv) {
  // The documents of 30,000 runs go in small pieces, after each large one of which glibc would look through fast bins.
  ::mallopt(M_MXFAST, 0);
  gradus::sweep::open_standard_streams();
  return gradus::records::guarded_main("sweep", [&] { return gradus::sweep::ended_by_signals({argv, argv + argc}); });
}
