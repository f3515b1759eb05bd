// recover FOLDER...: makes the result files of runs that were killed, from what they had logged.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "experiments/lab/recovery.h"
#include "experiments/records/lifeline.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"

using namespace gradus;

namespace {

int recover_all(int argc, char** argv) {
  if (argc < 2) throw records::UsageError("expected FOLDER...; --help tells more");
  if (std::string_view(argv[1]) == "--help") {
    records::put(
        "usage: recover FOLDER...\nRebuilds run.h5 in the folders of runs that were killed or met a full disk.\n");
    return 0;
  }
  records::watch_lifeline();
  int code = 0;
  for (int i = 1; i < argc; ++i) {
    try {
      const lab::Recovery recovery = lab::recover(argv[i]);
      const std::string line = fmt::format(
          "{}/run.h5: {}, rows: {}{}", argv[i], recovery.record.at("status").get<std::string>(),
          records::json_text(recovery.record.at("rows")), recovery.note.empty() ? "" : "; " + recovery.note);
      records::put(records::printable(line, 4000) + "\n");
    } catch (const std::exception& error) {
      records::complain("recover", error.what());
      code = records::exit_failed;
    }
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  return records::guarded_main("recover", [&] { return recover_all(argc, argv); });
}
