#include "tools/sweep/integrity/manifest.h"

#include <fmt/format.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "experiments/records/descriptor.h"
#include "experiments/records/sealed.h"
#include "settings/parse.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// "SHA256 SIZE": a line of the file each.
std::string text_of(const FileDigest& digest) { return fmt::format("{} {}", digest.sha256, digest.size); }

FileDigest digest_in(const std::string& text) {
  const std::size_t space = text.find(' ');
  const auto size =
      space == text.npos ? std::nullopt : settings::number_in<std::uint64_t>(std::string_view(text).substr(space + 1));
  if (!size) throw std::invalid_argument(fmt::format("'{}' is no digest and size", text));
  return {*size, text.substr(0, space)};
}

}  // namespace

std::optional<Manifest> Manifest::read(const fs::path& output) {
  const fs::path path = output / manifest_file;
  try {
    const json document = records::read_current(path);
    Manifest manifest;
    manifest.others = document.at("others").get<std::set<std::string>>();
    for (const auto& [id, run] : document.at("runs").items()) {
      RunFiles& files = manifest.runs[id];
      files.ending = run.at("ending").get<std::string>();
      files.status = run.at("status").get<std::string>();
      for (const auto& [file, digest] : run.at("files").items())
        files.files.emplace_hint(files.files.end(), file, digest_in(digest.get_ref<const std::string&>()));
    }
    return manifest;
  } catch (const records::SystemError& error) {
    if (error.code != ENOENT && error.code != ENOTDIR) throw;
    return std::nullopt;
  } catch (const std::logic_error& error) {  // a member that is not there, or no digest
    throw records::Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
  } catch (const json::exception& error) {
    throw records::Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
  }
}

void Manifest::write(const fs::path& output) const {
  json all = json::object();
  for (const auto& [id, run] : runs) {
    json files = json::object();
    for (const auto& [file, digest] : run.files) files[file] = text_of(digest);
    all[id] = {{"ending", run.ending}, {"status", run.status}, {"files", std::move(files)}};
  }
  write_shared(
      output, output / manifest_file,
      records::sealed_text({{"schema", records::schema_version}, {"others", others}, {"runs", std::move(all)}}));
}

const RunFiles* Manifest::find(const std::string& id) const {
  const auto found = runs.find(id);
  return found == runs.end() ? nullptr : &found->second;
}

}  // namespace gradus::sweep
