// Tables, texts and drawn examples as sources.
#include <gtest/gtest.h>

#include "experiments/lab/csv_source.h"
#include "experiments/lab/drawn_source.h"
#include "experiments/lab/text_source.h"
#include "tests/support/files.h"

namespace gradus::lab {
namespace {

std::vector<double> inputs(const Source& set, std::int64_t row) {
  return set.rows(row, 1, DType::float64).inputs.to_vector();
}
std::vector<double> targets(const Source& set, std::int64_t row) {
  return set.rows(row, 1, DType::float64).targets.to_vector();
}

class FileSources : public testing::Test {
 protected:
  std::filesystem::path put(const std::string& text) {
    put_file(folder_ / "file", text);
    return folder_ / "file";
  }
  TemporaryFolder folder_;
};

TEST_F(FileSources, ATableHasItsTargetLast) {
  const Source numbers = csv_source(put("a;b;y\n1;2;0.5\n3;4;-1\n"), LastColumn::number);
  EXPECT_EQ(numbers.size(), 2);
  EXPECT_EQ(numbers.inputs().shape, Shape{2});
  EXPECT_EQ(numbers.targets().shape, Shape{1});
  EXPECT_EQ(inputs(numbers, 1), (std::vector<double>{3, 4}));
  EXPECT_EQ(targets(numbers, 1), (std::vector<double>{-1}));
  const Source labels = csv_source(put("1,2,2\n3,4,0\n"), LastColumn::label);
  EXPECT_EQ(labels.targets().classes, 3);
  EXPECT_EQ(labels.labels(), (std::vector<std::int32_t>{2, 0}));
}

TEST_F(FileSources, ATableIsReadLateAndRefusedByPlace) {
  const std::string file = (folder_ / "file").string();
  const Source absent = csv_source(folder_ / "absent", LastColumn::number);
  EXPECT_NE(error_of([&] { absent.size(); }).find((folder_ / "absent").string()), std::string::npos);
  EXPECT_EQ(error_of([&] { csv_source(put("1,0.5\n"), LastColumn::label).size(); }),
            file + ": line 1, column 2: label 0.5, expected a whole number from 0");
  EXPECT_EQ(error_of([&] { csv_source(put("x,y\n1,-1\n"), LastColumn::label).size(); }),
            file + ": line 2, column 2 (y): label -1, expected a whole number from 0");
  EXPECT_EQ(error_of([&] { csv_source(put("1\n2\n"), LastColumn::number).size(); }),
            file + ": one column, expected features and a last one for the target");
}

TEST_F(FileSources, ATextIsCutIntoPiecesThatSayWhatFollows) {
  // 41 bytes are 20 pieces of 2 and the byte that follows the last.
  std::string text = "bac";
  while (text.size() < 41) text += "ab";
  text.resize(41);
  const Dataset data = text_dataset(put(text), 2);
  EXPECT_EQ(data.train.size(), 16);
  EXPECT_EQ(data.validation.size(), 2);
  EXPECT_EQ(data.test.size(), 2);
  EXPECT_EQ(data.train.inputs().classes, 3);  // a b c are 0 1 2
  EXPECT_EQ(inputs(data.train, 0), (std::vector<double>{1, 0}));
  EXPECT_EQ(targets(data.train, 0), (std::vector<double>{0, 2}));
  EXPECT_EQ(inputs(data.test, 1), (std::vector<double>{1, 0}));
  EXPECT_EQ(targets(data.test, 1), (std::vector<double>{0, 1}));
  EXPECT_EQ(error_of([&] { text_dataset(folder_ / "file", 5).train.size(); }),
            (folder_ / "file").string() + ": 41 bytes, expected at least 10 pieces of 5 and one more");
  EXPECT_NE(error_of([&] { text_dataset(folder_ / "absent", 5).test.size(); }).find("absent"), std::string::npos);
}

TEST(DrawnSource, ARowIsTheSameWheneverItIsRead) {
  const Drawn what{
      .inputs = {.shape = {2}},
      .targets = {.shape = {}, .is_whole = true, .classes = 7},
      .draw = [](RandomStream& random, std::int64_t row, std::span<double> input, std::span<double> target) {
        input[0] += random.uniform();  // from 0
        target[0] = static_cast<double>(row % 7);
      }};
  const Source source = drawn_source(what, RandomStream(3));
  EXPECT_TRUE(source.is_endless());
  EXPECT_EQ(drawn_source(what, RandomStream(3), 9).size(), 9);
  const Batch batch{source.inputs().rows(3, DType::float32), source.targets().rows(3, DType::float32)};
  source.read(std::vector<std::int64_t>{1'000'000'000'000, 4, 1'000'000'000'000}, batch);
  EXPECT_EQ(batch.inputs.at(0), batch.inputs.at(4));
  EXPECT_NE(batch.inputs.at(0), batch.inputs.at(2));
  EXPECT_EQ(batch.inputs.at(1), 0);
  EXPECT_EQ(batch.inputs.at(2), static_cast<double>(static_cast<float>(inputs(source, 4)[0])));
  EXPECT_EQ(batch.targets.to_vector(), (std::vector<double>{1, 4, 1}));
  EXPECT_NE(inputs(drawn_source(what, RandomStream(4)), 4), inputs(source, 4));
}

}  // namespace
}  // namespace gradus::lab
