#include "experiments/records/state_image.h"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "experiments/records/files.h"

namespace gradus::records {
namespace {

constexpr std::size_t block_size = 512;  // the smallest user block that HDF5 knows
constexpr std::string_view magic = "gradus optimizer state 1\nsha256 ";
constexpr std::size_t digits = 64, label_limit = 200;

std::string block_of(const StateImage& image) {
  std::string block = fmt::format("{}{}\n", magic, sha256(image.label + image.contents));
  if (!image.label.empty()) block += image.label + "\n";
  block.resize(block_size, ' ');
  block.back() = '\n';
  return block;
}

// What stands between the digest and the padding.
std::string label_in(std::string_view block) {
  const std::size_t begin = magic.size() + digits + 1, end = block.find('\n', begin);
  const std::string_view line = block.substr(begin, end - begin);
  return line.find_first_not_of(' ') == line.npos ? std::string() : std::string(line);
}

}  // namespace

std::string framed(const StateImage& image) {
  if (image.label.size() > label_limit || image.label.find('\n') != std::string::npos)
    throw std::invalid_argument(
        fmt::format("state file: label '{}', expected one line of at most {} bytes", image.label, label_limit));
  return block_of(image) + image.contents;
}

StateImage read_state_image(const std::filesystem::path& path) {
  std::string bytes = read_file(path);
  if (bytes.size() < block_size || !bytes.starts_with(magic))
    throw std::runtime_error(fmt::format("{}: is not an optimizer state file", path.string()));
  const std::string block = bytes.substr(0, block_size);
  bytes.erase(0, block_size);
  StateImage image{label_in(block), std::move(bytes)};
  if (block_of(image) != block)
    throw std::runtime_error(
        fmt::format("{}: is damaged: its contents do not have the digest that it gives", path.string()));
  return image;
}

bool is_state_file(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return false;
  std::ifstream file(path, std::ios::binary);
  std::string begin(magic.size(), '\0');
  return file.read(begin.data(), static_cast<std::streamsize>(begin.size())) && begin == magic;
}

}  // namespace gradus::records
