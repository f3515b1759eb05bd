#include "experiments/lab/idx_cache.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include "experiments/records/files.h"

namespace gradus::lab {
namespace {

namespace fs = std::filesystem;

// A smaller file is unzipped in a few milliseconds.
constexpr std::size_t least_bytes = std::size_t{1} << 20;
constexpr std::size_t most_axes = 3;

// Ahead of a copy's bytes; what it says and their checksum must fit.
constexpr std::size_t head_bytes = 8192;
std::string head_of(const FileState& file, const IdxFile& contents, std::uint64_t checksum) {
  std::string head =
      fmt::format("gradus idx 1\n{}\nsize {} changed {} inode {}\nshape {}\nchecksum {:016x}\n", file.path.string(),
                  file.size, file.changed, file.inode, fmt::join(contents.shape, " "), checksum);
  head.resize(head_bytes, '\n');
  return head;
}

// At the speed of memory: four chains of multiplications. It is for disks that forget, not against forgers.
std::uint64_t checksum_of(std::span<const std::uint8_t> bytes) {
  std::uint64_t chains[4] = {1, 2, 3, 4};
  const auto add = [](std::uint64_t& chain, std::uint64_t word) {
    chain = (chain ^ word) * 0x9E3779B97F4A7C15u;
    chain ^= chain >> 32;
  };
  std::size_t at = 0;
  for (; at + sizeof chains <= bytes.size(); at += sizeof chains) {
    std::uint64_t words[4];
    std::memcpy(words, bytes.data() + at, sizeof words);
    for (int i = 0; i < 4; ++i) add(chains[i], words[i]);
  }
  for (; at < bytes.size(); ++at) add(chains[0], bytes[at]);
  for (int i = 1; i < 4; ++i) add(chains[0], chains[i]);
  return chains[0];
}

std::optional<fs::path> copy_of(const FileState& file) {
  const std::optional<fs::path> folder = idx_cache_folder();
  if (!folder) return std::nullopt;
  return *folder / (records::sha256(file.path.string()).substr(0, 32) + ".idx");
}

std::span<char> characters(std::span<std::uint8_t> bytes) {
  return {reinterpret_cast<char*>(bytes.data()), bytes.size()};
}

// Throws where the copy is no good.
std::optional<IdxFile> read_copy(const FileState& file, const fs::path& copy) {
  records::InputFile input(copy);
  std::string head(head_bytes, '\0');
  if (input.size() < head_bytes || input.read(head) < head_bytes) return std::nullopt;
  IdxFile contents;
  std::size_t at = head.find("\nshape ");
  if (at == std::string::npos) return std::nullopt;
  at += 7;
  for (std::size_t axis = 0; axis < most_axes && head[at - 1] != '\n'; ++axis) {
    const std::size_t end = head.find_first_of(" \n", at);
    if (end == std::string::npos) return std::nullopt;
    contents.shape.push_back(std::stoll(head.substr(at, end - at)));
    at = end + 1;
  }
  contents.bytes.resize(input.size() - head_bytes);
  if (input.read(characters(contents.bytes)) < contents.bytes.size()) return std::nullopt;
  std::int64_t elements = 1;
  for (const std::int64_t extent : contents.shape) {
    if (extent < 1 || elements > std::ssize(contents.bytes) / extent) return std::nullopt;
    elements *= extent;
  }
  if (elements != std::ssize(contents.bytes)) return std::nullopt;
  if (head != head_of(file, contents, checksum_of(contents.bytes))) return std::nullopt;
  return contents;
}

}  // namespace

std::optional<fs::path> idx_cache_folder() {
  const auto variable = [](const char* name) {
    const char* text = std::getenv(name);
    return std::string(text ? text : "");
  };
  if (const std::string folder = variable("GRADUS_CACHE"); !folder.empty()) {
    if (folder == "off") return std::nullopt;
    return folder;
  }
  // As the XDG base directory specification has it, a path that is not absolute counts as none.
  if (const fs::path caches = variable("XDG_CACHE_HOME"); caches.is_absolute()) return caches / "gradus";
  if (const fs::path home = variable("HOME"); home.is_absolute()) return home / ".cache" / "gradus";
  return std::nullopt;
}

std::optional<FileState> state_of(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::canonical(path, error);
  struct stat state {};
  if (error || ::stat(absolute.c_str(), &state) != 0) return std::nullopt;
  return FileState{absolute, state.st_size, state.st_mtim.tv_sec * std::int64_t{1'000'000'000} + state.st_mtim.tv_nsec,
                   state.st_ino};
}

std::optional<IdxFile> cached_idx(const FileState& file) {
  try {
    const std::optional<fs::path> copy = copy_of(file);
    if (!copy || !fs::exists(*copy)) return std::nullopt;
    return read_copy(file, *copy);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void cache_idx(const FileState& file, const IdxFile& contents) {
  if (contents.bytes.size() < least_bytes || contents.shape.size() > most_axes) return;
  try {
    const std::optional<fs::path> copy = copy_of(file);
    if (!copy) return;
    std::string whole = head_of(file, contents, checksum_of(contents.bytes));
    if (whole.size() != head_bytes) return;
    whole.append(contents.bytes.begin(), contents.bytes.end());
    fs::create_directories(copy->parent_path());
    records::write_file(*copy, whole);
  } catch (const std::exception&) {
    return;  // the next run unzips again
  }
}

}  // namespace gradus::lab
