#include "fairpull/random/fair_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "fairpull/random/hmac.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Mac(const std::string& key, const std::string& message) {
  const HmacKey prepared(
      {reinterpret_cast<const std::uint8_t*>(key.data()), key.size()});
  const auto mac = prepared.CodeOf(message);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(mac.data()), mac.size()));
}

// RFC 4231, test cases 1, 2, 3, 4, 6 and 7.
TEST(HmacTest, EqualsTheVectorsOfRfc4231) {
  EXPECT_EQ(Mac(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Mac("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Mac(std::string(20, '\xaa'), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(Mac(absl::HexStringToBytes(
                    "0102030405060708090a0b0c0d0e0f10111213141516171819"),
                std::string(50, '\xcd')),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(Mac(std::string(131, '\xaa'),
                "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(Mac(std::string(131, '\xaa'),
                "This is a test using a larger than block-size key and a "
                "larger than block-size data. The key needs to be hashed "
                "before being used by the HMAC algorithm."),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

ServerSeed CountingSeed() {
  return *ServerSeed::FromHex(
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
}

std::vector<std::uint32_t> Words(FairSource bits, int count) {
  std::vector<std::uint32_t> words;
  for (int i = 0; i < count; ++i) words.push_back(bits.Next());
  return words;
}

// Made with Python's hmac module over the bytes that the header describes.
TEST(FairSourceTest, FrozenDraws) {
  const std::vector<std::uint32_t> words =
      Words(FairSource(CountingSeed(), {"player-1", "starter", 1}), 16);
  EXPECT_EQ(words, (std::vector<std::uint32_t>{
                       0x83759c5f, 0xc5d10870, 0x9a8f5d69, 0x06f5aefa,
                       0xcfa78fad, 0x0b884225, 0xd36320d5, 0x92d51ffa,
                       0x7c7ef345, 0xc9e38b47, 0x3f0be1f4, 0x038913d8,
                       0x80fb00d9, 0x31316bc1, 0x57ce6afc, 0x5711ed69}));
}

TEST(FairSourceTest, EachPartOfTheNameChangesTheDraw) {
  EXPECT_EQ(Words(FairSource(CountingSeed(), {"player-1", "starter", 2}), 1)[0],
            0x638aff32u);
  // The lengths keep "player-1s|tarter" apart from "player-1|starter".
  EXPECT_EQ(Words(FairSource(CountingSeed(), {"player-1s", "tarter", 1}), 1)[0],
            0x849d1cf4u);
  const ServerSeed other = *ServerSeed::FromBytes(std::string(32, 'x'));
  EXPECT_NE(Words(FairSource(other, {"player-1", "starter", 1}), 1)[0],
            0x83759c5fu);
}

TEST(ServerSeedTest, RefusesWhatIsNotSixtyFourDigitsAndDoesNotRepeatIt) {
  const std::string secret(63, 'a');
  for (const std::string& bad :
       {secret, secret + "aa", secret + "g", std::string(), secret + " "}) {
    const auto seed = ServerSeed::FromHex(bad);
    EXPECT_EQ(seed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(seed.status().message()), Not(HasSubstr("aaaa")));
  }
  EXPECT_FALSE(ServerSeed::FromBytes(std::string(31, 'x')).ok());
}

}  // namespace
}  // namespace fairpull
