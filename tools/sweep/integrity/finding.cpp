#include "tools/sweep/integrity/finding.h"

#include <fmt/format.h>

#include "experiments/records/text.h"
#include "tools/sweep/command.h"
#include "tools/sweep/integrity/manifest.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

std::string remedy_for(const fs::path& output, const Finding& finding) {
  const auto shell = [&](const std::string& below) { return shell_text({(output / below).string()}); };
  switch (finding.remedy) {
    case Remedy::run_again:
      return "the same `sweep run` again makes this run anew";
    case Remedy::run_or_take:
      return fmt::format("the same `sweep run` again makes this run anew; or, if it was removed on purpose, delete {}",
                         shell(manifest_file));
    case Remedy::write_again:
      return "the same `sweep run` again writes it anew";
    case Remedy::remove_run:
      return fmt::format("delete {}, and the same `sweep run` again makes this run anew", shell(finding.run));
    case Remedy::remove_or_take:
      return fmt::format(
          "delete {}, and the same `sweep run` again makes this run anew; or delete {}, and it takes what is there as "
          "it is",
          shell(finding.run), shell(manifest_file));
    case Remedy::recover:
      return fmt::format("`recover {}` writes it anew from metrics.log", shell(finding.run));
    case Remedy::remove_file:
      return fmt::format("delete {}, and the same `sweep run` again makes it anew", shell(finding.file));
    case Remedy::move_away:
      return "it is no part of the sweep: move it away or delete it";
    case Remedy::look_again:
      break;
  }
  return "it says nothing of the file: mend that, and verify again";
}

std::string line_of(const fs::path& output, const Finding& finding) {
  constexpr std::size_t longest = 4000;
  return records::printable(
      fmt::format("{}: {}; {}", (output / finding.file).string(), finding.what, remedy_for(output, finding)), longest);
}

std::string without_path(const fs::path& path, const std::string& message) {
  const std::string start = path.string() + ": ";
  return message.starts_with(start) ? message.substr(start.size()) : message;
}

}  // namespace gradus::sweep
