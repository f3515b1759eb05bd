#include "experiments/lab/idx.h"

#include <fmt/format.h>

#include <array>
#include <boost/iostreams/device/file_descriptor.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_streambuf.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>

#include "experiments/lab/idx_cache.h"
#include "experiments/records/files.h"

namespace gradus::lab {
namespace {

namespace io = boost::iostreams;

// Deflate cannot compress better than 1032 to 1, so a header that asks for more is wrong.
constexpr std::int64_t max_deflate_ratio = 1032;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw std::runtime_error(fmt::format("{}: {}", path.string(), what));
}

std::string describe(int rank) {
  return rank == 1 ? "labels (1 axis)" : rank == 3 ? "images (3 axes)" : fmt::format("{} axes", rank);
}

// Reads as much as there is, at most all of `into`.
std::size_t read_some(std::streambuf& from, std::span<std::uint8_t> into) {
  return static_cast<std::size_t>(
      from.sgetn(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size())));
}

IdxFile parse(std::streambuf& from, const std::filesystem::path& path, int rank, std::int64_t most) {
  std::array<std::uint8_t, 4> magic{};
  if (read_some(from, magic) < magic.size()) fail(path, "truncated: shorter than an IDX header");
  if (magic[0] != 0 || magic[1] != 0)
    fail(path, fmt::format("not an IDX file: begins with {:02x} {:02x}, expected 00 00", magic[0], magic[1]));
  if (magic[2] != 0x08) fail(path, fmt::format("element type 0x{:02x}, expected 0x08 (unsigned bytes)", magic[2]));
  if (magic[3] != rank) fail(path, fmt::format("holds {}, expected {}", describe(magic[3]), describe(rank)));

  IdxFile file;
  std::int64_t size = 1;
  for (int axis = 0; axis < rank; ++axis) {
    std::array<std::uint8_t, 4> word{};
    if (read_some(from, word) < word.size()) fail(path, "truncated: the header ends before its extents");
    const std::int64_t extent = std::int64_t{word[0]} << 24 | word[1] << 16 | word[2] << 8 | word[3];
    if (extent == 0) fail(path, fmt::format("extent 0 on axis {}, expected at least 1", axis));
    file.shape.push_back(extent);
    if (size > most / extent)
      fail(path, fmt::format("the header asks for more than {} bytes, the most that this file can hold", most));
    size *= extent;
  }
  file.bytes.resize(static_cast<std::size_t>(size));
  const std::size_t read = read_some(from, file.bytes);
  if (read < file.bytes.size()) fail(path, fmt::format("truncated: {} of {} bytes of data", read, size));
  // At the end of a gzip member this also reads, and so checks, its digest.
  std::array<std::uint8_t, 1> more{};
  if (read_some(from, more) != 0) fail(path, fmt::format("bytes after the {} that its header announces", size));
  return file;
}

IdxFile read(const std::filesystem::path& path, int rank, std::int64_t max_bytes) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) fail(path, "no such file");
  if (!std::filesystem::is_regular_file(status)) fail(path, "not a regular file");
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  std::ifstream stream(path, std::ios::binary);
  if (error || !stream) fail(path, std::string("cannot be read: ") + std::strerror(error ? error.value() : errno));

  const bool gzip = stream.get() == 0x1f && stream.get() == 0x8b;
  stream.clear();
  stream.seekg(0);
  if (!gzip) return parse(*stream.rdbuf(), path, rank, std::min(max_bytes, size));
  const std::optional<FileState> state = state_of(path);
  if (state)
    if (std::optional<IdxFile> copy = cached_idx(*state))
      if (std::ssize(copy->shape) == rank && std::ssize(copy->bytes) <= max_bytes) return *std::move(copy);
  try {
    io::filtering_streambuf<io::input> inflated;
    inflated.push(io::gzip_decompressor());
    inflated.push(*stream.rdbuf());
    IdxFile file = parse(inflated, path, rank, std::min(max_bytes, size * max_deflate_ratio));
    if (state) cache_idx(*state, file);
    return file;
  } catch (const io::gzip_error& gzip_error) {
    const int code = gzip_error.error();
    fail(path, code == io::gzip::bad_crc      ? "corrupt gzip: its checksum differs"
               : code == io::gzip::bad_length ? "corrupt gzip: its length differs"
               : code == io::gzip::bad_footer ? "truncated gzip: ends inside its checksum"
               : code == io::gzip::bad_header ? "corrupt gzip: bad header, or bytes after its end"
                                              : "corrupt or truncated gzip");
  } catch (const std::ios_base::failure&) {
    fail(path, "corrupt or truncated gzip");
  }
}

}  // namespace

IdxFile read_idx(const std::filesystem::path& path, int rank, std::int64_t max_bytes) {
  return records::within_memory(path, "cannot be read", [&] { return read(path, rank, max_bytes); });
}

LabelledImages read_labelled_images(const std::filesystem::path& images, const std::filesystem::path& labels) {
  LabelledImages read{.images = read_idx(images, 3), .labels = read_idx(labels, 1)};
  if (read.images.shape[0] != read.labels.shape[0])
    fail(images,
         fmt::format("{} images, but {} labels in {}", read.images.shape[0], read.labels.shape[0], labels.string()));
  return read;
}

}  // namespace gradus::lab
