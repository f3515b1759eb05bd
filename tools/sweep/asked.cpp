#include "tools/sweep/asked.h"

#include <fmt/format.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "experiments/records/descriptor.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

Asked Asked::read(const fs::path& output) {
  const fs::path path = output / asked_file;
  try {
    const json document = records::read_current(path);
    return {document.at("directory").get<std::string>(), document.at("arguments").get<std::vector<std::string>>(),
            document.at("file").get<std::string>()};
  } catch (const records::SystemError& error) {
    if (error.code != ENOENT && error.code != ENOTDIR) throw;
    throw records::UsageError(
        fmt::format("{}: does not tell what was asked: expected the folder of a sweep that `sweep run` or `sweep "
                    "plan` has begun",
                    output.string()));
  } catch (const json::exception& error) {
    throw records::Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
  }
}

std::string Asked::text() const {
  return records::sealed_text({{"schema", records::schema_version},
                               {"directory", directory.string()},
                               {"arguments", arguments},
                               {"file", file}});
}

void Asked::write(const fs::path& output) const { write_shared(output, output / asked_file, text()); }

}  // namespace gradus::sweep
