#include "experiments/records/sealed.h"

#include <gtest/gtest.h>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "tests/experiments/lab_files.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;
using lab::bytes_of;
using lab::error_of;
using lab::put;
using lab::TemporaryFolder;

TEST(Sealed, AnyChangedByteIsNoticed) {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.json";
  const nlohmann::json object{{"rate", 0.02}, {"text", "\"seal\": \"\xff\n"}, {"list", {1, 2}}};
  put(path, sealed_text(object));
  EXPECT_EQ(read_sealed(path).at("rate"), 0.02);
  EXPECT_EQ(read_sealed(path).size(), 3u);
  const std::string good = bytes_of(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    put(path, bad);
    EXPECT_THROW(read_sealed(path), Damaged) << "byte " << at;
    put(path, good.substr(0, at));
    EXPECT_THROW(read_sealed(path), Damaged) << "cut at " << at;
  }
  put(path, good + "\n");
  EXPECT_THROW(read_sealed(path), Damaged);
  EXPECT_THROW(read_sealed(folder / "absent"), SystemError);
}

TEST(Sealed, TheSealIsTheDigestOfTheFileWithZerosInItsPlace) {
  std::string text = sealed_text({{"a", 1}});
  const std::string seal = text.substr(text.size() - 68, 64);
  text.replace(text.size() - 68, 64, 64, '0');
  EXPECT_EQ(text, "{\n  \"a\": 1,\n  \"seal\": \"" + std::string(64, '0') + "\"\n}\n");
  EXPECT_EQ(sha256(text), seal);
}

TEST(Json, NestingIsBounded) {
  EXPECT_EQ(parse_json("[[1]]")[0][0], 1);
  for (const std::size_t depth : {100u, 1000000u})
    EXPECT_NE(error_of([&] { parse_json(std::string(depth, '[') + std::string(depth, ']')); }).find("more than 64 deep"),
              std::string::npos);
  EXPECT_NE(error_of([] { parse_json("{"); }).find("it is not JSON"), std::string::npos);
}

class CompletionOfARun : public testing::Test {
 protected:
  CompletionOfARun() { write("results"); }
  void write(const std::string& results) {
    put(folder_ / run_file, results);
    put(folder_ / completion_file, sealed_text({{"schema", schema_version},
                                                {"status", "completed"},
                                                {"size", results.size()},
                                                {"sha256", sha256(results)}}));
  }
  const TemporaryFolder folder_;
};

TEST_F(CompletionOfARun, IsWholeWhenSealAndDigestHold) {
  const Completion completion = read_completion(folder_.path());
  EXPECT_EQ(completion.verdict, Verdict::whole) << completion.problem;
  EXPECT_EQ(completion.record.at("status"), "completed");
  put(folder_ / run_file, "resultz");
  EXPECT_EQ(read_completion(folder_.path()).verdict, Verdict::damaged);
  put(folder_ / run_file, "result");
  EXPECT_EQ(read_completion(folder_.path()).verdict, Verdict::damaged);
  fs::remove(folder_ / run_file);
  EXPECT_EQ(read_completion(folder_.path()).verdict, Verdict::damaged);
  fs::remove(folder_ / completion_file);
  EXPECT_EQ(read_completion(folder_.path()).verdict, Verdict::none);
  EXPECT_EQ(read_completion(folder_ / "absent").verdict, Verdict::none);
}

TEST_F(CompletionOfARun, ARememberedVerdictHoldsWhileTheFilesAreTheSame) {
  const std::string stamp = read_completion(folder_.path()).stamp;
  EXPECT_EQ(read_completion(folder_.path(), stamp).verdict, Verdict::whole);
  put(folder_ / run_file, "resultz");  // of the same size
  EXPECT_EQ(read_completion(folder_.path(), stamp).verdict, Verdict::damaged);
}

TEST_F(CompletionOfARun, WhatCannotBeReadNowIsNotDamaged) {
  for (const char* name : {completion_file, run_file}) {
    write("results");
    fs::remove(folder_ / name);
    fs::create_symlink(name, folder_ / name);  // ELOOP, for root too
    EXPECT_EQ(read_completion(folder_.path()).verdict, Verdict::unreadable) << name;
    fs::remove(folder_ / name);
  }
}

TEST_F(CompletionOfARun, OddMembersAreDamage) {
  for (const nlohmann::json& record :
       {nlohmann::json{{"schema", 1}}, nlohmann::json{{"schema", "2"}}, nlohmann::json{{"schema", 2}},
        nlohmann::json{{"schema", 2}, {"size", "7"}, {"sha256", 7}}}) {
    put(folder_ / completion_file, sealed_text(record));
    EXPECT_EQ(read_completion(folder_.path()).verdict, Verdict::damaged) << record;
  }
}

}  // namespace
}  // namespace gradus::records
