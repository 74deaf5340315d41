// A player buys 16000 crystals and pulls ten times, in one store.
//
//   first_pull examples/banners/starter.json

#include <fairpull/fairpull.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

using namespace fairpull;  // an example; a library would not

namespace {

absl::Status Run(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  FAIRPULL_ASSIGN_OR_RETURN(Banner banner, Banner::FromJson(text.str(), path));
  FAIRPULL_ASSIGN_OR_RETURN(const Catalog catalog, Catalog::Make({banner}));
  FAIRPULL_ASSIGN_OR_RETURN(const auto store, Store::Open("memory:"));
  // A real server reads its seed from a secret; this one is for show.
  FAIRPULL_ASSIGN_OR_RETURN(ServerSeed seed,
                            ServerSeed::FromHex(std::string(64, '7')));
  FAIRPULL_ASSIGN_OR_RETURN(ServerSeeds seeds,
                            ServerSeeds::Make({{1, seed}}, /*current=*/1));

  const PlayerId player = PlayerId::Trusted("player-1");
  const CurrencyId currency = banner.spec().price().currency;
  Wallet wallet(*store, SystemClock());
  FAIRPULL_RETURN_IF_ERROR(wallet.OpenAccount(player, currency).status());
  FAIRPULL_ASSIGN_OR_RETURN(const SystemAccount shop,
                            SystemAccount::Parse("issuer:card"));
  FAIRPULL_RETURN_IF_ERROR(wallet
                               .Grant({.id = OperationId::Trusted("order-1"),
                                       .player = player,
                                       .currency = currency,
                                       .amount = 16000,
                                       .counterparty = shop})
                               .status());

  PullService service(*store, catalog, seeds, SystemClock());
  FAIRPULL_ASSIGN_OR_RETURN(const PullReceipt receipt,
                            service.Pull({.id = OperationId::Trusted("pull-1"),
                                          .player = player,
                                          .banner = banner.id(),
                                          .count = 10}));
  for (const PullRecord& pull : receipt.pulls) {
    std::cout << pull.seq << " " << pull.rarity << " " << pull.item.value()
              << "\n";
  }
  std::cout << receipt.payment.balance.available() << " crystals are left\n";
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status status =
      Run(argc == 2 ? argv[1] : "examples/banners/starter.json");
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
