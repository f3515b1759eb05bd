#include "experiments/records/digest.h"

#include <fmt/format.h>
// The interface before OpenSSL 3: the newer one (EVP) loads the whole library and its configuration, which takes longer
// than a short run computes.
#define OPENSSL_API_COMPAT 0x10101000L
#include <openssl/sha.h>

#include <array>

namespace gradus::records {

struct Sha256::Context {
  SHA256_CTX state;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { SHA256_Init(&context_->state); }

Sha256::~Sha256() = default;

void Sha256::add(const void* data, std::size_t size) { SHA256_Update(&context_->state, data, size); }

std::string Sha256::hex() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_Final(digest.data(), &context_->state);
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256(std::string_view text) {
  Sha256 digest;
  digest.add(text.data(), text.size());
  return digest.hex();
}

}  // namespace gradus::records
