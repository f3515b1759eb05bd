// sweep status: how a sweep stands.
#include "tools/sweep/standing.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {

namespace fs = std::filesystem;

Verb status_verb(CLI::App& app) {
  return folder_verb(app, "status", "how many runs have which status, and who works on which",
                     [](const fs::path& output) {
                       const Standing standing = standing_of(output);
                       print(standing, queue_of(output));
                       return exit_code_of(standing);
                     });
}

}  // namespace gradus::sweep
