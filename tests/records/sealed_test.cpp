#include "experiments/records/sealed.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "tests/support/files.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

TEST(Sealed, AnyChangedByteIsNoticed) {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.json";
  const nlohmann::json object{{"rate", 0.02}, {"text", "\"seal\": \"\xff\n"}, {"list", {1, 2}}};
  put_file(path, sealed_text(object));
  EXPECT_EQ(read_sealed(path).at("rate"), 0.02);
  EXPECT_EQ(read_sealed(path).size(), 3u);
  const std::string good = bytes_of(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    put_file(path, bad);
    EXPECT_THROW(read_sealed(path), Damaged) << "byte " << at;
    put_file(path, good.substr(0, at));
    EXPECT_THROW(read_sealed(path), Damaged) << "cut at " << at;
  }
  put_file(path, good + "\n");
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
    EXPECT_NE(
        error_of([&] { parse_json(std::string(depth, '[') + std::string(depth, ']')); }).find("more than 64 deep"),
        std::string::npos);
  EXPECT_NE(error_of([] { parse_json("{"); }).find("it is not JSON"), std::string::npos);
}

class CompletionOfARun : public testing::Test {
 protected:
  CompletionOfARun() { write("results"); }
  void write(const std::string& results) {
    put_file(folder_ / run_file, results);
    put_file(folder_ / completion_file, sealed_text({{"schema", schema_version},
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
  put_file(folder_ / run_file, "resultz");
  EXPECT_EQ(read_completion(folder_.path()).verdict, Verdict::damaged);
  put_file(folder_ / run_file, "result");
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
  put_file(folder_ / run_file, "resultz");  // of the same size
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
       {nlohmann::json{{"schema", "2"}}, nlohmann::json{{"schema", nullptr}}, nlohmann::json{{"schema", {1}}},
        nlohmann::json{{"status", "completed"}}, nlohmann::json{{"schema", 2}},
        nlohmann::json{{"schema", 2}, {"size", "7"}, {"sha256", 7}}}) {
    put_file(folder_ / completion_file, sealed_text(record));
    EXPECT_EQ(read_completion(folder_.path()).verdict, Verdict::damaged) << record;
  }
}

TEST_F(CompletionOfARun, OfAnotherGradusIsNotDamaged) {
  const std::string path = (folder_ / completion_file).string();
  const auto expect = [&](const std::string& text, const std::string& problem) {
    put_file(path, text);
    const Completion completion = read_completion(folder_.path());
    EXPECT_EQ(completion.verdict, Verdict::other_schema) << text;
    EXPECT_EQ(completion.problem, path + problem);
    EXPECT_TRUE(completion.record.is_null());
  };
  const std::string earlier = ": schema 1, written by an earlier Gradus; expected 2 to 3";
  expect("{\"schema\": 1, \"status\": \"completed\"}\n", earlier);
  expect(sealed_text({{"schema", 1}}), earlier);
  expect(sealed_text({{"schema", 4}}), ": schema 4, written by a later Gradus; expected 2 to 3");
  for (const char* text :
       {"{\"schema\": 1", "{\"schema\": 2}", "{\"schema\": 3}", "{\"schema\": 1, \"seal\": \"\"}", "[1]"}) {
    put_file(path, text);
    EXPECT_EQ(read_completion(folder_.path()).verdict, Verdict::damaged) << text;
  }
}

TEST_F(CompletionOfARun, ThatIsTooLargeIsDamaged) {
  fs::resize_file(folder_ / completion_file, largest_sealed_file + 1);
  EXPECT_EQ(read_completion(folder_.path()).verdict, Verdict::damaged);
}

#if !defined(__SANITIZE_ADDRESS__)
TEST_F(CompletionOfARun, IsNotDamagedWhereThereIsNoMemory) {
  fs::resize_file(folder_ / completion_file, 60 << 20);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{32 << 20, 32 << 20};
    ::setrlimit(RLIMIT_DATA, &limit);
    const Completion completion = read_completion(folder_.path());
    const bool said = completion.problem.find("Cannot allocate memory") != std::string::npos;
    ::_exit(completion.verdict == Verdict::unreadable && said ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}
#endif

}  // namespace
}  // namespace gradus::records
