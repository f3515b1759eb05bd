// recover FOLDER...: makes the result files of runs that were killed, from what they had logged.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "experiments/records/completion.h"
#include "experiments/records/lifeline.h"
#include "experiments/records/program.h"
#include "experiments/records/recovery.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"

namespace gradus::records {
namespace {

int recover_all(int argc, char** argv) {
  if (argc < 2) throw UsageError("expected FOLDER...; --help tells more");
  if (std::string_view(argv[1]) == "--help") {
    put("usage: recover FOLDER...\nRebuilds run.h5 in the folders of runs that were killed or met a full disk.\n");
    return 0;
  }
  watch_lifeline();
  int code = 0;
  for (int i = 1; i < argc; ++i) {
    try {
      const Recovery recovery = recover(argv[i]);
      const std::string line =
          fmt::format("{}/{}: {}, rows: {}{}", argv[i], run_file, recovery.record.at("status").get<std::string>(),
                      json_text(recovery.record.at("rows")), recovery.note.empty() ? "" : "; " + recovery.note);
      put(one_line(line) + "\n");
    } catch (const std::exception& error) {
      complain("recover", error.what());
      code = exit_failed;
    }
  }
  return code;
}

}  // namespace
}  // namespace gradus::records

int main(int argc, char** argv) {
  return gradus::records::guarded_main("recover", [&] { return gradus::records::recover_all(argc, argv); });
}
