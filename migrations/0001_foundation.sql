-- The foundation: communities with their houses and residents, passes and the gate, the people who
-- work with them, and the records of what they did.
--
-- Portable SQL: runs unchanged on SQLite, MySQL and MariaDB. One statement per step, since MySQL
-- commits each. Conventions:
--   id, *_id   64-bit ids made by the program, sortable by time; 0 = none
--   *_at       instants in milliseconds since 1970 UTC; NULL = not yet, never
--   *_day      calendar days in the deployment's time zone since 1970-01-01; 0 = none
--   *_cipher   personal data, AES-256-GCM, base64, prefixed with the key's id
--   *_mac      keyed digest of personal data, for exact search; '' = none
-- Rows that belong to a community have community_id, first in their indexes.

CREATE TABLE node_lease (
  node       INTEGER      NOT NULL PRIMARY KEY, -- number within ids, 0–1023
  holder     VARCHAR(64)  NOT NULL,
  expires_at BIGINT       NOT NULL
);

CREATE TABLE setting (
  name       VARCHAR(64)   NOT NULL PRIMARY KEY,
  value      VARCHAR(4000) NOT NULL,
  updated_at BIGINT        NOT NULL
);

-- Accounts that sign in to the console.

CREATE TABLE account (
  id              BIGINT        NOT NULL PRIMARY KEY,
  login           VARCHAR(64)   NOT NULL, -- lower case
  name            VARCHAR(64)   NOT NULL,
  name_fold       VARCHAR(64)   NOT NULL, -- for search: name without dots and spaces
  name_initials   VARCHAR(64)   NOT NULL, -- for search: pinyin initials
  password        VARCHAR(200)  NOT NULL, -- Argon2id in PHC form; '' = cannot sign in by password
  role            VARCHAR(32)   NOT NULL, -- the preset it was created from
  permissions     VARCHAR(2000) NOT NULL, -- names from core's table, comma separated
  all_communities INTEGER       NOT NULL,
  may_operate     INTEGER       NOT NULL, -- 1 = runs the deployment: settings, communities, the audit log's check
  must_change     INTEGER       NOT NULL,
  generation      BIGINT        NOT NULL, -- incremented when all its sessions must end
  user_id         BIGINT        NOT NULL, -- bound WeChat user; 0 = none
  bound_at        BIGINT,                 -- when it was bound
  created_at      BIGINT        NOT NULL,
  updated_at      BIGINT        NOT NULL,
  disabled_at     BIGINT
);
CREATE UNIQUE INDEX account_login ON account (login);

CREATE TABLE account_scope (
  account_id   BIGINT NOT NULL,
  community_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, community_id)
);

CREATE TABLE session (
  id           BIGINT       NOT NULL PRIMARY KEY,
  kind         VARCHAR(16)  NOT NULL, -- account, wechat
  subject_id   BIGINT       NOT NULL, -- account.id, wechat_user.id
  token_digest VARCHAR(64)  NOT NULL, -- SHA-256 of the token, hex
  csrf         VARCHAR(64)  NOT NULL,
  generation   BIGINT       NOT NULL, -- the subject's when the session began
  addr         VARCHAR(64)  NOT NULL,
  agent        VARCHAR(200) NOT NULL,
  by_link      INTEGER      NOT NULL, -- 1 = started by a link of the mini-program, which anybody can send
  created_at   BIGINT       NOT NULL,
  seen_at      BIGINT       NOT NULL,
  expires_at   BIGINT       NOT NULL,
  ended_at     BIGINT
);
CREATE UNIQUE INDEX session_token ON session (token_digest);
CREATE INDEX session_subject ON session (kind, subject_id, id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE sign_in_attempt (
  id         BIGINT       NOT NULL PRIMARY KEY,
  login_mac  VARCHAR(64)  NOT NULL,
  account_id BIGINT       NOT NULL, -- 0 = no account has the login name
  network    VARCHAR(64)  NOT NULL, -- what attempts are counted by: the address, or its IPv6 /64
  known      INTEGER      NOT NULL, -- 1 = from a browser in which the account has signed in before: counted separately
  addr       VARCHAR(64)  NOT NULL,
  agent      VARCHAR(200) NOT NULL,
  way        VARCHAR(16)  NOT NULL, -- password, code, recovery, wechat, unfinished, proof
  succeeded  INTEGER      NOT NULL,
  at         BIGINT       NOT NULL
);
CREATE INDEX sign_in_attempt_login ON sign_in_attempt (login_mac, id);
CREATE INDEX sign_in_attempt_account ON sign_in_attempt (account_id, succeeded, id);

-- A sign-in with a correct password whose second step is pending.
CREATE TABLE sign_in_pending (
  token_digest VARCHAR(64) NOT NULL PRIMARY KEY,
  account_id   BIGINT      NOT NULL,
  generation   BIGINT      NOT NULL, -- the account's: a new password invalidates the row
  attempt_id   BIGINT      NOT NULL, -- sign_in_attempt of the password
  network      VARCHAR(64) NOT NULL, -- from which the password was sent, as in sign_in_attempt
  browser_digest VARCHAR(64) NOT NULL, -- of a secret of the browser that sent it
  tries        INTEGER     NOT NULL, -- codes checked so far
  expires_at   BIGINT      NOT NULL,
  used_at      BIGINT
);
CREATE INDEX sign_in_pending_expiry ON sign_in_pending (expires_at);

-- A QR code in a console page that the account's owner scans with WeChat.
CREATE TABLE wechat_login (
  token_digest   VARCHAR(64)  NOT NULL PRIMARY KEY, -- of the token in the QR code's link
  binds          INTEGER      NOT NULL, -- 1 = binds a WeChat user to the account, and signs nobody in
  account_id     BIGINT       NOT NULL, -- to bind to, or signed in to; 0 = for a sign-in, not yet known
  user_id        BIGINT       NOT NULL, -- who confirmed; 0 = nobody yet
  browser_digest VARCHAR(64)  NOT NULL, -- of a secret of the browser that shows it
  code           VARCHAR(4)   NOT NULL, -- the two digits beside it
  addr           VARCHAR(64)  NOT NULL,
  network        VARCHAR(64)  NOT NULL, -- as in sign_in_attempt
  agent          VARCHAR(200) NOT NULL,
  created_at     BIGINT       NOT NULL,
  expires_at     BIGINT       NOT NULL,
  approved_at    BIGINT,
  refused_at     BIGINT,
  used_at        BIGINT
);
CREATE INDEX wechat_login_expiry ON wechat_login (expires_at);
CREATE INDEX wechat_login_account ON wechat_login (account_id);

-- What an account's owner should be told of: a sign-in, or a bound WeChat.
CREATE TABLE account_notice (
  id         BIGINT       NOT NULL PRIMARY KEY,
  account_id BIGINT       NOT NULL,
  kind       VARCHAR(16)  NOT NULL, -- sign_in, wechat_on, wechat_off
  way        VARCHAR(16)  NOT NULL, -- as in sign_in_attempt; '' = not a sign-in
  wechat     VARCHAR(64)  NOT NULL, -- masked phone number of the WeChat; '' = none
  addr       VARCHAR(64)  NOT NULL,
  agent      VARCHAR(200) NOT NULL,
  new_addr   INTEGER      NOT NULL, -- 1 = the first sign-in from that network
  new_agent  INTEGER      NOT NULL, -- 1 = the first by that kind of browser and system
  at         BIGINT       NOT NULL,
  read_at    BIGINT
);
CREATE INDEX account_notice_account ON account_notice (account_id, id);

-- What an account is told of in the console: the entries of the bell.
CREATE TABLE notice (
  id           BIGINT       NOT NULL PRIMARY KEY,
  account_id   BIGINT       NOT NULL,
  community_id BIGINT       NOT NULL, -- 0 = of none
  stem         VARCHAR(32)  NOT NULL, -- what it is about
  title        VARCHAR(200) NOT NULL, -- without personal data
  link         VARCHAR(200) NOT NULL, -- its page, below /console/
  created_at   BIGINT       NOT NULL,
  read_at      BIGINT
);
CREATE INDEX notice_account ON notice (account_id, id);

-- The second sign-in step of accounts that turned it on.
CREATE TABLE account_totp (
  account_id   BIGINT       NOT NULL PRIMARY KEY,
  secret       VARCHAR(200) NOT NULL, -- encrypted
  last_step    BIGINT       NOT NULL, -- of the last code used: each works once
  created_at   BIGINT       NOT NULL,
  confirmed_at BIGINT                 -- NULL: shown, but not turned on yet
);

CREATE TABLE account_recovery (
  account_id BIGINT      NOT NULL,
  code_mac   VARCHAR(64) NOT NULL,
  used_at    BIGINT,
  PRIMARY KEY (account_id, code_mac)
);

CREATE TABLE one_time_link (
  digest     VARCHAR(64) NOT NULL PRIMARY KEY, -- SHA-256 of the link's token
  purpose    VARCHAR(32) NOT NULL,             -- first_admin
  expires_at BIGINT      NOT NULL,
  used_at    BIGINT
);

CREATE TABLE audit_log (
  id           BIGINT        NOT NULL PRIMARY KEY,
  seq          BIGINT        NOT NULL, -- position in the chain, from 1, without gaps
  at           BIGINT        NOT NULL,
  community_id BIGINT        NOT NULL, -- 0 = no particular one
  actor_kind   VARCHAR(16)   NOT NULL,
  actor_id     BIGINT        NOT NULL,
  actor_name   VARCHAR(64)   NOT NULL,
  addr         VARCHAR(64)   NOT NULL,
  request_id   VARCHAR(64)   NOT NULL,
  action       VARCHAR(64)   NOT NULL,
  target       VARCHAR(128)  NOT NULL, -- kind:id
  before_text  VARCHAR(4000) NOT NULL, -- masked
  after_text   VARCHAR(4000) NOT NULL,
  prev_hash    VARCHAR(64)   NOT NULL,
  hash         VARCHAR(64)   NOT NULL  -- keyed hash of the row and prev_hash
);
CREATE INDEX audit_log_community ON audit_log (community_id, id);
CREATE INDEX audit_log_actor ON audit_log (actor_kind, actor_id, id);
CREATE INDEX audit_log_actor_kind ON audit_log (actor_kind, id);
CREATE INDEX audit_log_action ON audit_log (action, id);
CREATE INDEX audit_log_community_action ON audit_log (community_id, action, id);
CREATE INDEX audit_log_target ON audit_log (target, id);
CREATE UNIQUE INDEX audit_log_chain ON audit_log (seq);

-- Acts upon several things, with what each thing was and became, so that they can be taken back.

CREATE TABLE batch (
  id           BIGINT      NOT NULL PRIMARY KEY,
  community_id BIGINT      NOT NULL,
  kind         VARCHAR(32) NOT NULL, -- the act's name: restriction.create
  actor_kind   VARCHAR(16) NOT NULL,
  actor_id     BIGINT      NOT NULL,
  actor_name   VARCHAR(64) NOT NULL,
  size         INTEGER     NOT NULL, -- things that it changed
  undone       INTEGER     NOT NULL, -- of them taken back
  kept         INTEGER     NOT NULL, -- of them left, since they were changed after the batch
  created_at   BIGINT      NOT NULL,
  begun_at     BIGINT,               -- when taking back began
  ended_at     BIGINT,               -- when it ended
  undone_by    VARCHAR(64) NOT NULL  -- who began it
);
CREATE INDEX batch_community ON batch (community_id, id);

CREATE TABLE batch_item (
  batch_id    BIGINT        NOT NULL,
  thing_id    BIGINT        NOT NULL, -- of the kind's stem: house.id
  before_text TEXT          NOT NULL, -- what it was, JSON; encrypted if personal; '' = it was not there
  after_text  TEXT          NOT NULL, -- what it became
  state       VARCHAR(8)    NOT NULL, -- done, undone, kept
  why         VARCHAR(16)   NOT NULL, -- it was kept
  who         VARCHAR(64)   NOT NULL, -- who changed it after the batch; '' = unknown
  changed_at  BIGINT,                 -- when
  PRIMARY KEY (batch_id, thing_id)
);
CREATE INDEX batch_item_state ON batch_item (batch_id, state, thing_id);
CREATE INDEX batch_item_thing ON batch_item (thing_id, batch_id);

-- Communities and their houses.

CREATE TABLE community (
  id          BIGINT        NOT NULL PRIMARY KEY,
  name        VARCHAR(100)  NOT NULL,
  address     VARCHAR(200)  NOT NULL,
  phone       VARCHAR(32)   NOT NULL, -- of the property office; not personal data
  levels      VARCHAR(400)  NOT NULL, -- names of the structure's levels, separated by /
  owners_review INTEGER,               -- 1 = owners may decide applications for their house; NULL = never said: 0
  refusals    VARCHAR(400),           -- the office's own presets of reasons for not approving, one a line; NULL = the usual ones
  owner_refusals VARCHAR(400),        -- likewise, of owners
  created_at  BIGINT        NOT NULL,
  updated_at  BIGINT        NOT NULL,
  archived_at BIGINT
);
CREATE UNIQUE INDEX community_name ON community (name);

CREATE TABLE building_node (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  parent_id    BIGINT       NOT NULL, -- 0 = top
  level        INTEGER      NOT NULL, -- 0 = top
  name         VARCHAR(40)  NOT NULL,
  path         VARCHAR(160) NOT NULL, -- ids from the top down to this node: /1/2/
  owners_review INTEGER               -- as community.owners_review; NULL = as it is above the node
);
CREATE UNIQUE INDEX building_node_name ON building_node (community_id, parent_id, name);
CREATE INDEX building_node_owners ON building_node (community_id, owners_review);

CREATE TABLE house (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  node_id      BIGINT       NOT NULL, -- the parent node; 0 = top
  name         VARCHAR(40)  NOT NULL, -- door number
  label        VARCHAR(250) NOT NULL, -- the full label: 3栋2单元501
  path         VARCHAR(160) NOT NULL, -- of its node; '/' = top
  sort_key     VARCHAR(250) NOT NULL, -- label with zero-padded numbers, so that 2栋 precedes 10栋
  figures      VARCHAR(250) NOT NULL, -- for search: the label's numbers, the last one first: 501-2-3-
  arrears_fen  BIGINT       NOT NULL,
  arrears_note VARCHAR(100) NOT NULL, -- what for
  owners_review INTEGER,              -- as community.owners_review; NULL = as it is above the house
  additions    INTEGER      NOT NULL DEFAULT 0, -- of people by the house's owners on a day, those who were removed since included
  additions_on INTEGER      NOT NULL DEFAULT 0, -- the day
  created_at   BIGINT       NOT NULL,
  updated_at   BIGINT       NOT NULL
);
CREATE UNIQUE INDEX house_label ON house (community_id, label);
CREATE INDEX house_sort ON house (community_id, sort_key, id);
CREATE INDEX house_node ON house (community_id, node_id, sort_key, id);
CREATE INDEX house_figures ON house (figures, community_id, id);

-- Houses that became part of another. What refers to them by their ids stays as it is: records, and a second tie of a
-- person who had one in both.
CREATE TABLE house_former (
  house_id     BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  into_id      BIGINT       NOT NULL, -- house
  label        VARCHAR(250) NOT NULL,
  merged_at    BIGINT       NOT NULL
);
CREATE INDEX house_former_into ON house_former (into_id);

-- That a house gets another owner, on a day to come or done. Of one that is over, who the new owner is is gone.
CREATE TABLE house_transfer (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  house_id     BIGINT       NOT NULL,
  open_house   BIGINT,                -- house_id while it is planned: one at a time; NULL = it is over
  day          INTEGER      NOT NULL,
  resident_id  BIGINT       NOT NULL, -- of the house, who becomes its owner; 0 = the person below
  name         VARCHAR(64)  NOT NULL,
  sex          VARCHAR(8)   NOT NULL,
  phone_cipher VARCHAR(200) NOT NULL,
  idno_cipher  VARCHAR(300) NOT NULL,
  family       VARCHAR(8)   NOT NULL, -- leave, stay
  tenants      VARCHAR(8)   NOT NULL,
  state        VARCHAR(12)  NOT NULL, -- planned, done, cancelled, failed
  why          VARCHAR(200) NOT NULL, -- it failed
  batch_id     BIGINT       NOT NULL, -- which takes it back; 0 = not done
  actor_name   VARCHAR(64)  NOT NULL,
  created_at   BIGINT       NOT NULL,
  updated_at   BIGINT       NOT NULL,
  held         VARCHAR(32)  NOT NULL DEFAULT '' -- digests of who else had the new owner's numbers, as the office saw it
);
CREATE UNIQUE INDEX house_transfer_open ON house_transfer (open_house);
CREATE INDEX house_transfer_house ON house_transfer (house_id, id);
CREATE INDEX house_transfer_due ON house_transfer (state, day, id);
CREATE INDEX house_transfer_updated ON house_transfer (updated_at); -- for the deletion of those that are over

CREATE TABLE person (
  id         BIGINT      NOT NULL PRIMARY KEY,
  phone_mac  VARCHAR(64),          -- of the mobile number that is this person's own; NULL = none
  name_misses INTEGER    NOT NULL DEFAULT 0, -- wrong names stated with the number on a day
  name_missed INTEGER    NOT NULL DEFAULT 0, -- that day
  created_at BIGINT      NOT NULL
);
CREATE UNIQUE INDEX person_phone ON person (phone_mac);

CREATE TABLE resident (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  house_id     BIGINT       NOT NULL,
  person_id    BIGINT       NOT NULL,
  name         VARCHAR(64)  NOT NULL,
  name_fold    VARCHAR(64)  NOT NULL, -- for search: name without dots and spaces
  name_key     VARCHAR(48)  NOT NULL, -- for sorting: pinyin
  sex          VARCHAR(8)   NOT NULL, -- male, female, ''
  identity     VARCHAR(16)  NOT NULL, -- owner, family, tenant, lodger
  identity_rank INTEGER     NOT NULL, -- sort order of identity, from 0
  lease_day    INTEGER      NOT NULL, -- last day of a fixed-term lease
  lease_warned INTEGER,               -- the lease_day of which everybody was told; NULL = never
  lease_ended  INTEGER,               -- the lease_day at whose end the resident was moved out; NULL = never
  phone_cipher VARCHAR(200) NOT NULL, -- '' = none
  phone_mac    VARCHAR(64)  NOT NULL, -- without an extension; it begins with that of the last four digits
  phone_shared INTEGER      NOT NULL, -- 1: a family member's number, not this person's own
  idno_cipher  VARCHAR(300) NOT NULL, -- '' = none on file
  idno_mac     VARCHAR(64)  NOT NULL, -- likewise
  certified_at BIGINT,
  certified_how  VARCHAR(16)  NOT NULL, -- the document seen at the desk; '' = by WeChat, or not certified
  certified_by   VARCHAR(64)  NOT NULL, -- name of the account
  certified_note VARCHAR(200) NOT NULL,
  moved_out_at BIGINT,
  was_certified_at BIGINT,                -- certified_at until moving out, for who is restored
  created_at   BIGINT       NOT NULL,
  updated_at   BIGINT       NOT NULL,
  gone         BIGINT       GENERATED ALWAYS AS (CASE WHEN moved_out_at IS NULL THEN 0 ELSE id END) STORED
);
-- Nobody lives in a house twice; who moved out keeps their record, whoever has the number there since.
CREATE UNIQUE INDEX resident_tie ON resident (house_id, person_id, gone);
CREATE INDEX resident_community ON resident (community_id, id);
CREATE INDEX resident_name ON resident (community_id, name_fold, id);
CREATE INDEX resident_name_key ON resident (community_id, name_key, id);
CREATE INDEX resident_sex ON resident (community_id, sex, id);
CREATE INDEX resident_identity ON resident (community_id, identity_rank, id);
CREATE INDEX resident_phone ON resident (phone_mac, community_id);
CREATE INDEX resident_idno ON resident (idno_mac, community_id);
CREATE INDEX resident_house ON resident (community_id, house_id, moved_out_at);
CREATE INDEX resident_person ON resident (person_id);
CREATE INDEX resident_lease ON resident (lease_day, id);
CREATE INDEX resident_certified ON resident (community_id, moved_out_at, certified_at, certified_how);

-- What names are searched by (core.NameGram): each two neighbouring characters, the first one, and
-- pinyin initials. The key is the whole row, so that a search reads nothing else.
CREATE TABLE name_gram (
  kind         INTEGER NOT NULL, -- 1 = resident, 2 = one who moved out, 3 = the own words of a house's label, 4 = staff, 5 = follower's remark, 6 = visitor
  gram         BIGINT  NOT NULL,
  community_id BIGINT  NOT NULL,
  subject_id   BIGINT  NOT NULL, -- resident.id, house.id, staff.id, follower.id, visitor_pass.id
  PRIMARY KEY (kind, gram, community_id, subject_id)
);

-- The WeChat user confirmed in a browser, for one purpose: a page that requires a confirmed
-- identity, or a sign-in whose one-time code has been used.
CREATE TABLE wechat_proof (
  token_digest VARCHAR(64) NOT NULL PRIMARY KEY, -- of the browser's secret and the purpose
  user_id      BIGINT      NOT NULL,
  created_at   BIGINT      NOT NULL,
  expires_at   BIGINT      NOT NULL
);
CREATE INDEX wechat_proof_expiry ON wechat_proof (expires_at);

-- Passes and their rules.

CREATE TABLE pass_rule (
  community_id BIGINT       NOT NULL PRIMARY KEY,
  counting     VARCHAR(16)  NOT NULL, -- person, household
  period_days  INTEGER      NOT NULL,
  exits        INTEGER      NOT NULL, -- 0 = unlimited, -1 = blocked
  hours        VARCHAR(200) NOT NULL, -- 06:00-22:00,…; '' = always
  record_id    INTEGER      NOT NULL,
  record_temp  INTEGER      NOT NULL,
  fever_tenths INTEGER      NOT NULL,
  reader_qr    INTEGER      NOT NULL,
  updated_at   BIGINT       NOT NULL
);

-- What a rule was before each change, so that it can be restored.
-- What a community lets residents and visitors do. form is a core.FormDesign in JSON.
CREATE TABLE visitor_rule (
  community_id BIGINT  NOT NULL PRIMARY KEY,
  invite       INTEGER NOT NULL, -- 1 = residents may invite visitors, and nobody reviews it
  per_day      INTEGER NOT NULL, -- invitations of one house a day
  apply        INTEGER NOT NULL, -- 1 = visitors may apply for a pass to a house
  hosts        INTEGER NOT NULL, -- 1 = residents of the house decide applications first
  book         INTEGER NOT NULL, -- 1 = visitors may ask a resident for an appointment
  stay_hours   INTEGER NOT NULL, -- a party that is inside for longer is overdue; 0 = none is
  member_hours INTEGER NOT NULL, -- likewise, members of institutions
  form         TEXT    NOT NULL,
  updated_at   BIGINT  NOT NULL
);

-- How a community lets things be carried out. form is a core.FormDesign in JSON.
CREATE TABLE exit_rule (
  community_id BIGINT      NOT NULL PRIMARY KEY,
  who          VARCHAR(16) NOT NULL, -- core.ExitWho
  arrears      VARCHAR(16) NOT NULL, -- core.ExitArrears
  reviewer     VARCHAR(16) NOT NULL, -- core.ExitReviewer
  hours        INTEGER     NOT NULL, -- after its time; 0 = until the end of that day
  form         TEXT        NOT NULL,
  updated_at   BIGINT      NOT NULL
);

-- What the rules above were before their changes.
CREATE TABLE rule_version (
  id           BIGINT      NOT NULL PRIMARY KEY,
  community_id BIGINT      NOT NULL,
  stem         VARCHAR(16) NOT NULL, -- passrule, visitorrule, exitrule
  rule         TEXT        NOT NULL, -- core.PassRule, VisitorRule or ExitRule in JSON
  replaced_at  BIGINT      NOT NULL,
  replaced_by  VARCHAR(64) NOT NULL  -- name of who changed it
);
CREATE INDEX rule_version_community ON rule_version (community_id, stem, id);

-- Changes of the rules above, and restrictions, that start on a later day and may be put back after another.
CREATE TABLE rule_plan (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  stem         VARCHAR(16)  NOT NULL, -- passrule, visitorrule, exitrule, restriction
  state        VARCHAR(16)  NOT NULL, -- core.RulePlanState
  starts_day   INTEGER      NOT NULL,
  ends_day     INTEGER      NOT NULL, -- last day in force; 0 = it stays
  due_day      INTEGER,               -- at 00:00 of which it starts, or ends; NULL = nothing is left to do
  draft        TEXT         NOT NULL, -- JSON: the rule, or the restriction
  replaced     TEXT         NOT NULL, -- JSON: the rule before it started, to be put back; '' = none
  batch_id     BIGINT       NOT NULL, -- the restrictions that it set; 0 = none
  why          VARCHAR(500) NOT NULL, -- it failed, or did not all that it was to; '' = it did
  account_id   BIGINT       NOT NULL,
  account_name VARCHAR(64)  NOT NULL,
  created_at   BIGINT       NOT NULL,
  over_at      BIGINT
);
CREATE INDEX rule_plan_community ON rule_plan (community_id, stem, id);
CREATE INDEX rule_plan_due ON rule_plan (due_day, state, id);

-- The houses that a scheduled restriction is for, with their names, as one may be gone when it starts.
CREATE TABLE rule_plan_house (
  plan_id  BIGINT       NOT NULL,
  house_id BIGINT       NOT NULL,
  label    VARCHAR(250) NOT NULL,
  PRIMARY KEY (plan_id, house_id)
);

CREATE TABLE house_restriction (
  house_id     BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  exits        INTEGER      NOT NULL,
  reason       VARCHAR(200) NOT NULL,
  last_day     INTEGER      NOT NULL, -- last day in effect; 0 = until lifted
  due_day      INTEGER,               -- last_day until the residents have been told that it is over
  created_at   BIGINT       NOT NULL
);
CREATE INDEX house_restriction_community ON house_restriction (community_id, last_day, house_id);
CREATE INDEX house_restriction_due ON house_restriction (due_day, house_id);

-- The batch that a house's restriction was last set or lifted by: it can be taken back while no
-- other has done either since.
-- How far the residents of houses were told that a restriction was set or lifted, by the batch that did it.
CREATE TABLE restriction_note (
  batch_id     BIGINT  NOT NULL PRIMARY KEY,
  community_id BIGINT  NOT NULL,
  told_id      BIGINT  NOT NULL, -- houses up to this one were told
  undone_id    BIGINT  NOT NULL, -- of these, those up to this one were told that it was taken back
  undone       INTEGER NOT NULL, -- 1 = the batch was taken back, or is being
  next_at      BIGINT            -- when the next houses are told; NULL = all were
);
CREATE INDEX restriction_note_next ON restriction_note (next_at, batch_id);

CREATE TABLE restriction_latest (
  house_id BIGINT NOT NULL PRIMARY KEY,
  batch_id BIGINT NOT NULL
);

-- Rehearsals: what a community's doors would have answered by other rules.
CREATE TABLE rehearsal (
  id           BIGINT      NOT NULL PRIMARY KEY,
  community_id BIGINT      NOT NULL,
  account_id   BIGINT      NOT NULL,
  account_name VARCHAR(64) NOT NULL,
  days         INTEGER     NOT NULL, -- to be told of, today included
  draft        TEXT        NOT NULL, -- JSON: the rules that are tried
  job_id       BIGINT      NOT NULL,
  first_day    INTEGER     NOT NULL, -- this and the rest once it is done
  figures      TEXT        NOT NULL, -- JSON
  change_lines TEXT        NOT NULL, -- JSON: the records on which the rules differ
  created_at   BIGINT      NOT NULL,
  done_at      BIGINT
);
CREATE INDEX rehearsal_community ON rehearsal (community_id, id);

CREATE TABLE pass (
  id           BIGINT      NOT NULL PRIMARY KEY,
  community_id BIGINT      NOT NULL, -- 0 = valid in those that its holder's table says
  kind         VARCHAR(16) NOT NULL, -- core.PassKind: whose pass it is, and so what holder_id refers to
  holder_id    BIGINT      NOT NULL, -- resident.id of a resident pass, visitor_pass.id of a visitor's, institution_member.id of a dedicated one, exit_slip.id
  person_id    BIGINT      NOT NULL, -- the person who finds it by their own phone number
  created_at   BIGINT      NOT NULL,
  disabled_at  BIGINT
);
CREATE UNIQUE INDEX pass_holder ON pass (kind, holder_id);
CREATE INDEX pass_community ON pass (community_id, id);
CREATE INDEX pass_person ON pass (person_id);

-- Printed codes of residents without a phone: good until they are revoked, under the same rules as the codes on phones.
CREATE TABLE resident_card (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  resident_id  BIGINT       NOT NULL,
  live_id      BIGINT,                -- resident_id while it is good: one at a time; then NULL
  digest       VARCHAR(64)  NOT NULL, -- SHA-256 of the code
  cipher       VARCHAR(200) NOT NULL, -- the code, to be printed again
  created_by   VARCHAR(64)  NOT NULL,
  created_at   BIGINT       NOT NULL,
  revoked_at   BIGINT
);
CREATE UNIQUE INDEX resident_card_digest ON resident_card (digest);
CREATE UNIQUE INDEX resident_card_live ON resident_card (live_id);
CREATE INDEX resident_card_resident ON resident_card (resident_id);

-- What a household has said of a pass for its next exit: that it is an emergency, or that somebody of the house lets the holder out.
-- A scan reads it by its key.
CREATE TABLE pass_aid (
  pass_id       BIGINT       NOT NULL PRIMARY KEY,
  urgent_for    VARCHAR(64)  NOT NULL, -- the reason
  urgent_until  BIGINT       NOT NULL, -- 0 = none
  vouched_by    VARCHAR(64)  NOT NULL, -- name of the family member
  vouched_until BIGINT       NOT NULL  -- 0 = none
);

-- Visits. Each that is granted has a pass, whose holder_id is its id.
CREATE TABLE visitor_pass (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  way          VARCHAR(16)  NOT NULL, -- invite, apply, appointment, desk
  answer       VARCHAR(16)  NOT NULL, -- waiting, granted, rejected, withdrawn; an application waits in review, under the same id
  refusal      VARCHAR(200) NOT NULL, -- why it was rejected
  applicant_id BIGINT       NOT NULL, -- wechat_user who applied; 0 = a resident invited, or it was outside WeChat
  proven       INTEGER      NOT NULL, -- 1 = the number is proven to be the visitor's
  gate         VARCHAR(64)  NOT NULL, -- whose poster led to it; '' = none
  resident_id  BIGINT       NOT NULL, -- the tie of the resident who is visited; 0 = whoever lives in the house, or nobody
  house_id     BIGINT       NOT NULL, -- 0 = an appointment with somebody who does not live there
  name         VARCHAR(64)  NOT NULL, -- of the visitor
  phone_cipher VARCHAR(200) NOT NULL, -- '' = not given
  phone_mac    VARCHAR(64)  NOT NULL,
  id_cipher    VARCHAR(200) NOT NULL, -- '' = not given
  id_mac       VARCHAR(64)  NOT NULL,
  plate_cipher VARCHAR(200) NOT NULL, -- '' = none
  plate_mac    VARCHAR(64)  NOT NULL,
  people       INTEGER      NOT NULL, -- of the party
  reason       VARCHAR(200) NOT NULL,
  more_cipher  TEXT         NOT NULL, -- JSON: the remark, and the answers to the form's added fields; '' = neither
  link_cipher  VARCHAR(200) NOT NULL, -- the code in the link that the visitor opens
  link_digest  VARCHAR(64)  NOT NULL, -- SHA-256 of it
  request_key  VARCHAR(64),           -- digest of the host and the request's key: the same one invites once
  request_body VARCHAR(64)  NOT NULL, -- digest of what was sent with it
  from_at      BIGINT       NOT NULL,
  until_at     BIGINT       NOT NULL,
  revoked_at   BIGINT,                -- only if entered_at is NULL
  entered_at   BIGINT,                -- when it let the party in: once
  left_at      BIGINT,                -- when it last let somebody out
  left_n       INTEGER      NOT NULL, -- how often
  inside_since BIGINT,                -- entered_at while not all of the party have left
  arrival_id   BIGINT,                -- access_record of the entry, until the hosts have been told of it
  created_at   BIGINT       NOT NULL,
  updated_at   BIGINT       NOT NULL
);
CREATE UNIQUE INDEX visitor_pass_link ON visitor_pass (link_digest);
CREATE UNIQUE INDEX visitor_pass_request ON visitor_pass (request_key);
CREATE INDEX visitor_pass_community ON visitor_pass (community_id, id);
CREATE INDEX visitor_pass_host ON visitor_pass (resident_id, id);
CREATE INDEX visitor_pass_house ON visitor_pass (house_id, until_at);
CREATE INDEX visitor_pass_phone ON visitor_pass (phone_mac);
CREATE INDEX visitor_pass_plate ON visitor_pass (plate_mac);
CREATE INDEX visitor_pass_until ON visitor_pass (until_at);
CREATE INDEX visitor_pass_answer ON visitor_pass (answer, until_at);
CREATE INDEX visitor_pass_inside ON visitor_pass (community_id, inside_since);
CREATE INDEX visitor_pass_entered ON visitor_pass (community_id, entered_at);
CREATE INDEX visitor_pass_arrival ON visitor_pass (arrival_id);
CREATE INDEX visitor_pass_applicant ON visitor_pass (applicant_id, id);

-- Exit slips. Each that is granted has a pass, whose holder_id is its id; an application waits in review, under the same id.
CREATE TABLE exit_slip (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  house_id     BIGINT       NOT NULL,
  answer       VARCHAR(16)  NOT NULL, -- waiting, granted, rejected, withdrawn
  refusal      VARCHAR(200) NOT NULL, -- why it was rejected
  applicant_id BIGINT       NOT NULL, -- wechat_user who applied; 0 = the office issued it
  resident_id  BIGINT       NOT NULL, -- the tie of who applied; 0 likewise
  issuer       VARCHAR(64)  NOT NULL, -- name of who issued it at the desk; '' = it was applied for
  name         VARCHAR(64)  NOT NULL, -- of who carries the things out
  phone_cipher VARCHAR(200) NOT NULL, -- '' = not given
  phone_mac    VARCHAR(64)  NOT NULL,
  plate_cipher VARCHAR(200) NOT NULL, -- '' = none
  plate_mac    VARCHAR(64)  NOT NULL,
  reason       VARCHAR(200) NOT NULL,
  more_cipher  TEXT         NOT NULL, -- JSON: carrier, destination, remark, answers to the form's added fields; '' = none of them
  arrears_fen  BIGINT       NOT NULL, -- what the house owed when it was made
  items        INTEGER      NOT NULL, -- how many it has
  photos       INTEGER      NOT NULL, -- how many of them came with a picture
  left_mask    BIGINT       NOT NULL, -- which have left: bit n - 1 of exit_slip_item.n
  left_at      BIGINT,                -- when the latest left
  code_cipher  VARCHAR(200) NOT NULL, -- the code in its QR
  code_digest  VARCHAR(64)  NOT NULL, -- SHA-256 of it
  request_key  VARCHAR(64),           -- digest of the applicant and the request's key: the same one applies once
  request_body VARCHAR(64)  NOT NULL, -- digest of what was sent with it
  planned_at   BIGINT       NOT NULL,
  from_at      BIGINT       NOT NULL,
  until_at     BIGINT       NOT NULL,
  revoked_at   BIGINT,
  created_at   BIGINT       NOT NULL,
  updated_at   BIGINT       NOT NULL
);
CREATE UNIQUE INDEX exit_slip_code ON exit_slip (code_digest);
CREATE UNIQUE INDEX exit_slip_request ON exit_slip (request_key);
CREATE INDEX exit_slip_community ON exit_slip (community_id, id);
CREATE INDEX exit_slip_house ON exit_slip (house_id, until_at);
CREATE INDEX exit_slip_applicant ON exit_slip (applicant_id, id);
CREATE INDEX exit_slip_resident ON exit_slip (resident_id, id); -- for the deletion of residents
CREATE INDEX exit_slip_phone ON exit_slip (phone_mac);
CREATE INDEX exit_slip_plate ON exit_slip (plate_mac);
CREATE INDEX exit_slip_until ON exit_slip (until_at);
CREATE INDEX exit_slip_answer ON exit_slip (answer, until_at);
CREATE INDEX exit_slip_open ON exit_slip (community_id, until_at);

-- What a slip lets out, line by line. Each line leaves at once, and once.
CREATE TABLE exit_slip_item (
  slip_id   BIGINT       NOT NULL,
  n         INTEGER      NOT NULL, -- its place, from 1
  name      VARCHAR(64)  NOT NULL,
  amount    INTEGER      NOT NULL,
  photo_id  BIGINT       NOT NULL, -- 0 = none
  left_at   BIGINT,
  record_id BIGINT       NOT NULL, -- access_record of its leaving; 0 = it has not
  gate      VARCHAR(100) NOT NULL,
  guard     VARCHAR(64)  NOT NULL, -- name of who released it
  PRIMARY KEY (slip_id, n)
);
CREATE INDEX exit_slip_item_record ON exit_slip_item (record_id);

-- Whom a community does not let in as a visitor: a number, an ID number or a plate, looked up by its digest with each scan.
CREATE TABLE visitor_block (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  kind         VARCHAR(8)   NOT NULL, -- phone, id, plate
  cipher       VARCHAR(200) NOT NULL,
  mac          VARCHAR(64)  NOT NULL,
  reason       VARCHAR(200) NOT NULL, -- for office and guards
  last_day     INTEGER      NOT NULL, -- last day in effect; 0 = until removed
  created_by   VARCHAR(64)  NOT NULL, -- name of who added it
  created_at   BIGINT       NOT NULL
);
CREATE UNIQUE INDEX visitor_block_mac ON visitor_block (community_id, mac);
CREATE INDEX visitor_block_community ON visitor_block (community_id, id);

-- Codes by text message, by which a visitor outside WeChat proves the number; one applies once.
CREATE TABLE visitor_code (
  id         BIGINT      NOT NULL PRIMARY KEY,
  phone_mac  VARCHAR(64) NOT NULL,
  digest     VARCHAR(64) NOT NULL, -- of the number and the code
  tries      INTEGER     NOT NULL, -- how often one was entered
  proven_at  BIGINT,               -- when the right one was
  expires_at BIGINT      NOT NULL
);
CREATE INDEX visitor_code_phone ON visitor_code (phone_mac, id);
CREATE INDEX visitor_code_expires ON visitor_code (expires_at);

-- Posters at the gates: the code in their QR leads to where visitors apply.
CREATE TABLE visitor_poster (
  id           BIGINT      NOT NULL PRIMARY KEY,
  community_id BIGINT      NOT NULL,
  post_id      BIGINT      NOT NULL, -- guard_post; 0 = of the whole community
  code         VARCHAR(16) NOT NULL, -- everybody can read it at the gate
  created_at   BIGINT      NOT NULL,
  revoked_at   BIGINT
);
CREATE UNIQUE INDEX visitor_poster_code ON visitor_poster (code);
CREATE INDEX visitor_poster_community ON visitor_poster (community_id, id);

-- Organisations whose members come and go in communities where they do not live. Each member has a pass, whose holder_id
-- is the member's id and whose community_id is 0.
CREATE TABLE institution (
  id            BIGINT       NOT NULL PRIMARY KEY,
  name          VARCHAR(64)  NOT NULL,
  name_fold     VARCHAR(64)  NOT NULL, -- core.FoldName: what the search compares
  name_key      VARCHAR(48)  NOT NULL, -- what it sorts by: pinyin
  name_initials VARCHAR(64)  NOT NULL,
  remark        VARCHAR(200) NOT NULL,
  created_at    BIGINT       NOT NULL,
  updated_at    BIGINT       NOT NULL,
  disabled_at   BIGINT
);
CREATE INDEX institution_name_key ON institution (name_key, id);

CREATE TABLE institution_community (
  institution_id BIGINT NOT NULL,
  community_id   BIGINT NOT NULL,
  PRIMARY KEY (community_id, institution_id)
);
CREATE INDEX institution_community_institution ON institution_community (institution_id, community_id);

CREATE TABLE institution_member (
  id             BIGINT       NOT NULL PRIMARY KEY,
  institution_id BIGINT       NOT NULL,
  name           VARCHAR(64)  NOT NULL,
  name_fold      VARCHAR(64)  NOT NULL,
  name_key       VARCHAR(48)  NOT NULL,
  name_initials  VARCHAR(64)  NOT NULL,
  phone_cipher   VARCHAR(200) NOT NULL,
  phone_mac      VARCHAR(64)  NOT NULL,
  idno_cipher    VARCHAR(200) NOT NULL, -- '' = not given
  idno_mac       VARCHAR(64)  NOT NULL,
  from_day       INTEGER      NOT NULL, -- days since 1970, both inclusive
  until_day      INTEGER      NOT NULL,
  remark         VARCHAR(200) NOT NULL,
  passed         INTEGER      NOT NULL DEFAULT 0, -- 1 = records of a number that was theirs lead to them
  warned_day     INTEGER      NOT NULL, -- the until_day of which was told that it is near; 0 = of none
  face_id        BIGINT       NOT NULL, -- pictures; 0 = none
  id_front_id    BIGINT       NOT NULL,
  id_back_id     BIGINT       NOT NULL,
  created_at     BIGINT       NOT NULL,
  updated_at     BIGINT       NOT NULL,
  disabled_at    BIGINT
);
CREATE INDEX institution_member_institution ON institution_member (institution_id, id);
CREATE INDEX institution_member_name_key ON institution_member (name_key, id);
CREATE INDEX institution_member_phone ON institution_member (phone_mac);
CREATE INDEX institution_member_idno ON institution_member (idno_mac);
CREATE INDEX institution_member_until ON institution_member (until_day, id);

-- Exits of a person or a household in a community, by calendar day.
CREATE TABLE exit_tally (
  community_id BIGINT       NOT NULL,
  subject_id   BIGINT       NOT NULL, -- person.id or house.id
  days         VARCHAR(512) NOT NULL, -- day:count, newest first
  version      BIGINT       NOT NULL, -- incremented by every change; makes counting exact
  PRIMARY KEY (community_id, subject_id)
);

-- The gate.

CREATE TABLE reader (
  id                BIGINT        NOT NULL PRIMARY KEY,
  community_id      BIGINT        NOT NULL,
  group_id          BIGINT        NOT NULL, -- its reader_group; 0 = none
  name              VARCHAR(64)   NOT NULL,
  gate              VARCHAR(64)   NOT NULL, -- name of the door it opens
  protocol          VARCHAR(16)   NOT NULL, -- vguang, mcardsea, turnstile, vbar
  serial            VARCHAR(64)   NOT NULL, -- the device's own serial number
  secret_cipher     VARCHAR(200)  NOT NULL, -- the secret in its URL
  secret_digest     VARCHAR(64)   NOT NULL,
  direction         VARCHAR(8)    NOT NULL, -- in, out
  in_no             INTEGER       NOT NULL, -- which of its heads is at the entrance, the others being exits; 0 = all are of direction
  scope_nodes       VARCHAR(2000) NOT NULL, -- building nodes it serves, comma separated; '' = all
  kinds             VARCHAR(64)   NOT NULL, -- accepted kinds of pass
  thermometer       INTEGER       NOT NULL,
  qr_allowed        INTEGER       NOT NULL, -- 权限管理: 门禁二维码
  deny_code         VARCHAR(8)    NOT NULL, -- vguang: the refusing code of this firmware
  heartbeat_text    VARCHAR(64)   NOT NULL, -- vguang
  heartbeat_seconds INTEGER       NOT NULL,
  firmware          VARCHAR(64)   NOT NULL,
  skew_ms           BIGINT        NOT NULL, -- the device's clock minus ours, at the last call
  skewed_at         BIGINT,                 -- since when it has been wrong; NULL = it is right
  last_seen_at      BIGINT,
  created_at        BIGINT        NOT NULL,
  updated_at        BIGINT        NOT NULL,
  disabled_at       BIGINT
);
CREATE UNIQUE INDEX reader_secret ON reader (secret_digest);
CREATE INDEX reader_community ON reader (community_id, id);

CREATE TABLE reader_group (
  id           BIGINT      NOT NULL PRIMARY KEY,
  community_id BIGINT      NOT NULL,
  name         VARCHAR(32) NOT NULL,
  created_at   BIGINT      NOT NULL,
  updated_at   BIGINT      NOT NULL
);
CREATE UNIQUE INDEX reader_group_name ON reader_group (community_id, name);

-- Devices that called with a known secret but a wrong or unknown serial.
CREATE TABLE reader_quarantine (
  id            BIGINT      NOT NULL PRIMARY KEY,
  protocol      VARCHAR(16) NOT NULL,
  serial        VARCHAR(64) NOT NULL,
  secret_digest VARCHAR(64) NOT NULL,
  addr          VARCHAR(64) NOT NULL,
  calls         BIGINT      NOT NULL,
  first_at      BIGINT      NOT NULL,
  last_at       BIGINT      NOT NULL
);
CREATE UNIQUE INDEX reader_quarantine_device ON reader_quarantine (protocol, serial, secret_digest);

CREATE TABLE door_command (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  reader_id    BIGINT       NOT NULL,
  gate         VARCHAR(64)  NOT NULL, -- name of the reader
  number       INTEGER      NOT NULL, -- by which the device acknowledges it: 1 to 999999, of its reader
  actor_id     BIGINT       NOT NULL,
  actor_name   VARCHAR(64)  NOT NULL,
  reason       VARCHAR(200) NOT NULL,
  request_key  VARCHAR(64)  NOT NULL, -- of the request: sent twice it is one order
  state        VARCHAR(8)   NOT NULL, -- waiting, sent, opened, failed, silent, expired
  created_at   BIGINT       NOT NULL, -- this and the other times by the cache's clock, which all servers share
  ends_at      BIGINT       NOT NULL, -- it is not sent afterwards
  sent_at      BIGINT,
  ended_at     BIGINT,                -- when the state became final
  late_at      BIGINT                 -- an answer after that
);
CREATE UNIQUE INDEX door_command_request ON door_command (request_key);
CREATE INDEX door_command_state ON door_command (state, ends_at);
CREATE INDEX door_command_reader ON door_command (reader_id, id);
CREATE INDEX door_command_community ON door_command (community_id, id);

CREATE TABLE guard_post (
  id           BIGINT      NOT NULL PRIMARY KEY,
  community_id BIGINT      NOT NULL,
  name         VARCHAR(64) NOT NULL,
  sort_key     VARCHAR(128) NOT NULL, -- name with zero-padded numbers, so that 2号门 precedes 10号门
  direction    VARCHAR(8)  NOT NULL, -- preset on the guard's page
  urgent       INTEGER     NOT NULL, -- 1 = guards may release urgently whom the pass's own rules refuse
  created_at   BIGINT      NOT NULL,
  updated_at   BIGINT      NOT NULL,
  disabled_at  BIGINT
);
CREATE INDEX guard_post_community ON guard_post (community_id, id);
CREATE INDEX guard_post_sort ON guard_post (community_id, sort_key, id);

-- Who was in charge of a post, from when to when.
CREATE TABLE guard_shift (
  id           BIGINT       NOT NULL PRIMARY KEY, -- its time is that of the beginning
  community_id BIGINT       NOT NULL,
  post_id      BIGINT       NOT NULL,
  post_name    VARCHAR(64)  NOT NULL,
  guard_id     BIGINT       NOT NULL,
  guard_name   VARCHAR(64)  NOT NULL,
  before_id    BIGINT       NOT NULL, -- the shift that was shown when it began; 0 = none
  state        VARCHAR(8)   NOT NULL, -- on, handed, taken
  note         VARCHAR(300) NOT NULL, -- for the next guard
  began_at     BIGINT       NOT NULL,
  ended_at     BIGINT,
  open_key     VARCHAR(64)  NOT NULL  -- the post while it lasts: at most one
);
CREATE UNIQUE INDEX guard_shift_open ON guard_shift (open_key);
CREATE INDEX guard_shift_community ON guard_shift (community_id, id);
CREATE INDEX guard_shift_post ON guard_shift (post_id, id);

CREATE TABLE guard (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  name         VARCHAR(64)  NOT NULL,
  name_fold    VARCHAR(64)  NOT NULL, -- for search: name without dots and spaces
  name_key     VARCHAR(48)  NOT NULL, -- what it sorts by: pinyin
  name_initials VARCHAR(64)  NOT NULL, -- for search: pinyin initials
  phone_cipher VARCHAR(200) NOT NULL,
  phone_mac    VARCHAR(64)  NOT NULL,
  user_id      BIGINT       NOT NULL, -- bound WeChat user; 0 = not yet
  bound_at     BIGINT,                -- when it was bound
  created_at   BIGINT       NOT NULL,
  updated_at   BIGINT       NOT NULL,
  disabled_at  BIGINT
);
CREATE INDEX guard_community ON guard (community_id, id);
CREATE INDEX guard_name_key ON guard (community_id, name_key, id);
CREATE INDEX guard_user ON guard (user_id);
CREATE INDEX guard_phone ON guard (phone_mac);

CREATE TABLE guard_assignment (
  guard_id BIGINT NOT NULL,
  post_id  BIGINT NOT NULL,
  PRIMARY KEY (guard_id, post_id)
);
CREATE INDEX guard_assignment_post ON guard_assignment (post_id, guard_id);

CREATE TABLE observer (
  id           BIGINT       NOT NULL PRIMARY KEY,
  name         VARCHAR(64)  NOT NULL,
  name_fold    VARCHAR(64)  NOT NULL, -- for search: name without dots and spaces
  name_key     VARCHAR(48)  NOT NULL, -- what it sorts by: pinyin
  name_initials VARCHAR(64)  NOT NULL, -- for search: pinyin initials
  capacity     VARCHAR(64)  NOT NULL, -- 身份, free text
  phone_cipher VARCHAR(200) NOT NULL,
  phone_mac    VARCHAR(64)  NOT NULL,
  may_export   INTEGER      NOT NULL,
  user_id      BIGINT       NOT NULL, -- bound WeChat user; 0 = not yet
  bound_at     BIGINT,                -- when it was bound
  created_at   BIGINT       NOT NULL,
  updated_at   BIGINT       NOT NULL,
  removed_at   BIGINT
);
CREATE INDEX observer_user ON observer (user_id);
CREATE INDEX observer_name_key ON observer (name_key, id);

CREATE TABLE observer_community (
  observer_id  BIGINT NOT NULL,
  community_id BIGINT NOT NULL,
  PRIMARY KEY (community_id, observer_id)
);
CREATE INDEX observer_community_observer ON observer_community (observer_id);

-- 员工信息: the property company's people, by hand, imported, or synced from WeWork.
CREATE TABLE department (
  id           BIGINT      NOT NULL PRIMARY KEY,
  parent_id    BIGINT      NOT NULL, -- 0 = at the top
  name         VARCHAR(64) NOT NULL,
  app_id       BIGINT      NOT NULL, -- wechat_app.id it is synced from; 0 = by hand
  corp_number  INTEGER,              -- within that company; NULL = by hand
  former_corp  VARCHAR(64),          -- WeWork's id of the company it was synced from; NULL = it is, or never was
  place        INTEGER     NOT NULL, -- the greater come first
  created_at   BIGINT      NOT NULL
);
CREATE UNIQUE INDEX department_corp ON department (app_id, corp_number);

CREATE TABLE staff (
  id             BIGINT       NOT NULL PRIMARY KEY,
  name           VARCHAR(64)  NOT NULL,
  name_fold      VARCHAR(64)  NOT NULL, -- for search: name without dots and spaces
  name_key       VARCHAR(48)  NOT NULL, -- what it sorts by: pinyin
  sex            VARCHAR(8)   NOT NULL, -- male, female, ''
  position       VARCHAR(64)  NOT NULL,
  grade          VARCHAR(64)  NOT NULL,
  phone_cipher   VARCHAR(200) NOT NULL,
  phone_mac      VARCHAR(64)  NOT NULL, -- '' = no number
  phone_told_at  BIGINT,                -- when WeWork told the number with their consent; NULL = somebody typed it
  wechat_cipher  VARCHAR(400) NOT NULL, -- WeChat id
  address_cipher VARCHAR(600) NOT NULL,
  app_id         BIGINT       NOT NULL, -- wechat_app.id they are synced from; 0 = by hand
  user_id        VARCHAR(64)  NOT NULL, -- of WeWork; '' = by hand
  user_key       VARCHAR(64),           -- user_id in lower case; NULL = by hand, or the company was replaced
  former_corp    VARCHAR(64),           -- WeWork's id of the company they were synced from; NULL = they are, or never were
  former_key     VARCHAR(64),           -- their user_key there
  account_id     BIGINT       NOT NULL, -- of the console, which ends with them; 0 = none
  created_at     BIGINT       NOT NULL,
  updated_at     BIGINT       NOT NULL,
  unseen_at      BIGINT,                -- since when a whole sync that was held does not find them; NULL = it does
  left_at        BIGINT
);
CREATE UNIQUE INDEX staff_user ON staff (app_id, user_key);
CREATE INDEX staff_former ON staff (former_corp, former_key);
CREATE INDEX staff_name_key ON staff (name_key, id);
CREATE INDEX staff_phone ON staff (phone_mac);
CREATE INDEX staff_account ON staff (account_id);

CREATE TABLE staff_department (
  staff_id      BIGINT NOT NULL,
  department_id BIGINT NOT NULL,
  PRIMARY KEY (department_id, staff_id)
);
CREATE INDEX staff_department_staff ON staff_department (staff_id);

CREATE TABLE staff_community (
  staff_id     BIGINT NOT NULL,
  community_id BIGINT NOT NULL,
  PRIMARY KEY (community_id, staff_id)
);
CREATE INDEX staff_community_staff ON staff_community (staff_id);

-- How far the sync of an account of WeWork is. One server at a time does it.
CREATE TABLE staff_sync (
  app_id      BIGINT       NOT NULL PRIMARY KEY,
  asked_at    BIGINT,                -- somebody asked for a whole one, which has not begun
  runner      VARCHAR(64)  NOT NULL, -- which server does it; '' = none
  beat_at     BIGINT       NOT NULL, -- its last sign of life
  run_id      BIGINT       NOT NULL, -- the whole one under way; 0 = none
  phase       INTEGER      NOT NULL,
  page_cursor VARCHAR(200) NOT NULL, -- of the list of members
  added       INTEGER      NOT NULL,
  changed     INTEGER      NOT NULL,
  removed     INTEGER      NOT NULL,
  leaving     INTEGER      NOT NULL, -- members who would have left by the last whole one, so many that somebody is asked; 0 = few
  may_leave   INTEGER      NOT NULL, -- how many may leave by the next, as somebody said; 0 = few
  ended_at    BIGINT,
  problem     VARCHAR(200) NOT NULL
);

-- The members that a whole sync has found so far.
CREATE TABLE staff_sync_member (
  app_id   BIGINT      NOT NULL,
  user_key VARCHAR(64) NOT NULL,
  user_id  VARCHAR(64) NOT NULL,
  done     INTEGER     NOT NULL,
  PRIMARY KEY (app_id, user_key)
);
CREATE INDEX staff_sync_member_done ON staff_sync_member (app_id, done, user_key);

-- What WeWork told of changes, to be looked at.
CREATE TABLE staff_sync_hint (
  app_id   BIGINT      NOT NULL,
  user_key VARCHAR(64) NOT NULL, -- '' = the departments
  user_id  VARCHAR(64) NOT NULL,
  note_id  BIGINT      NOT NULL, -- another each time that it is told
  noted_at BIGINT      NOT NULL, -- from when on it is looked at
  unseen   INTEGER     NOT NULL, -- 1: looked at, and WeWork does not show the member
  PRIMARY KEY (app_id, user_key)
);

-- A parametric QR code waiting to be scanned by the person it is for.
CREATE TABLE bind_ticket (
  scene_digest VARCHAR(64) NOT NULL PRIMARY KEY, -- SHA-256 of the scene
  kind         VARCHAR(16) NOT NULL, -- observer, guard, account
  target_id    BIGINT      NOT NULL,
  replaces_id  BIGINT      NOT NULL, -- wechat_user.id that it may replace; 0 = none
  code         VARCHAR(4)  NOT NULL, -- the two digits beside the QR code
  app_id       VARCHAR(64) NOT NULL, -- the official account whose code it is, by WeChat's id
  user_id      BIGINT      NOT NULL, -- who confirmed; 0 = nobody yet
  created_at   BIGINT      NOT NULL,
  expires_at   BIGINT      NOT NULL,
  refused_at   BIGINT,
  used_at      BIGINT
);
CREATE INDEX bind_ticket_target ON bind_ticket (kind, target_id);

-- WeChat users.

-- 微信接入: accounts of the WeChat platform that are entered in the console. The configuration file's are not here.
CREATE TABLE wechat_app (
  id              BIGINT       NOT NULL PRIMARY KEY,
  kind            VARCHAR(16)  NOT NULL, -- official, mini, work
  name            VARCHAR(32)  NOT NULL,
  app_id          VARCHAR(64)  NOT NULL, -- of WeWork: the company's id, so that a company is bound once
  agent_id        INTEGER      NOT NULL, -- of WeWork: the company's app; 0 otherwise
  secret_cipher   VARCHAR(200) NOT NULL,
  contact_cipher  VARCHAR(200) NOT NULL, -- of WeWork: the secret of the contact sync; '' otherwise
  token_cipher    VARCHAR(200) NOT NULL, -- of the message server; '' = a mini-program that pushes nothing
  aes_key_cipher  VARCHAR(200) NOT NULL, -- '' = messages come in the clear
  all_communities INTEGER      NOT NULL, -- 1 = serves those without one of their own
  called_at       BIGINT,                -- the last callback with a right signature
  refused_at      BIGINT,                -- the last that was not acted on
  refusal         VARCHAR(16)  NOT NULL, -- why: signature, plain, sealed, clock; '' = none yet
  checked_at      BIGINT,                -- the last call with its keys
  problem         VARCHAR(200) NOT NULL, -- of that call, in words; '' = it worked
  created_at      BIGINT       NOT NULL,
  updated_at      BIGINT       NOT NULL,
  disabled_at     BIGINT
);

CREATE UNIQUE INDEX wechat_app_app ON wechat_app (app_id);

-- When an account of the configuration file, which has no row of wechat_app, was last found to work again: for all servers.
CREATE TABLE wechat_mended (
  app_id    VARCHAR(64) NOT NULL PRIMARY KEY,
  mended_at BIGINT      NOT NULL
);

-- Steps of an account's set-up that no call can check.
CREATE TABLE wechat_app_step (
  app_id       BIGINT      NOT NULL,
  step         VARCHAR(16) NOT NULL, -- pages, linked, script, server, home
  proven_at    BIGINT,               -- the last request through it, to a day
  confirmed_at BIGINT,               -- somebody says that it is done
  PRIMARY KEY (app_id, step)
);

CREATE TABLE wechat_app_community (
  wechat_app_id BIGINT NOT NULL,
  community_id  BIGINT NOT NULL,
  PRIMARY KEY (community_id, wechat_app_id)
);

-- 消息模板: by which template of an official account a kind of message is sent.
CREATE TABLE wechat_template (
  id          BIGINT        NOT NULL PRIMARY KEY,
  app_id      VARCHAR(64)   NOT NULL, -- of an account of the console, or of the configuration file
  kind        VARCHAR(32)   NOT NULL, -- of the message
  template_id VARCHAR(64)   NOT NULL,
  title       VARCHAR(64)   NOT NULL, -- of the template, as WeChat had it
  fields      VARCHAR(2000) NOT NULL, -- JSON: key, label and part of each
  updated_at  BIGINT        NOT NULL
);
CREATE UNIQUE INDEX wechat_template_kind ON wechat_template (app_id, kind);

-- 自定义菜单 of an official account: WeChat has the menu, this the draft, and what was published from here.
CREATE TABLE wechat_menu (
  id           BIGINT      NOT NULL PRIMARY KEY,
  app_id       VARCHAR(64) NOT NULL,
  tag_id       INTEGER     NOT NULL, -- WeChat's, of the followers who see it; 0 = all
  draft        TEXT        NOT NULL, -- JSON
  live         TEXT        NOT NULL, -- JSON; '' = never published from here
  published_at BIGINT,
  busy_until   BIGINT      NOT NULL, -- somebody publishes until then at most
  updated_at   BIGINT      NOT NULL  -- of the draft
);
CREATE UNIQUE INDEX wechat_menu_app ON wechat_menu (app_id, tag_id);

-- A menu that a publication replaced.
CREATE TABLE wechat_menu_version (
  id          BIGINT      NOT NULL PRIMARY KEY, -- its time is that of the publication
  app_id      VARCHAR(64) NOT NULL,
  tag_id      INTEGER     NOT NULL, -- as the menu's
  buttons     TEXT        NOT NULL, -- JSON
  replaced_at BIGINT      NOT NULL,
  replaced_by VARCHAR(64) NOT NULL -- name of who published
);
CREATE INDEX wechat_menu_version_app ON wechat_menu_version (app_id, tag_id, id);

-- 自动回复: what an official account answers.
CREATE TABLE wechat_reply (
  id         BIGINT        NOT NULL PRIMARY KEY,
  app_id     VARCHAR(64)   NOT NULL,
  kind       VARCHAR(16)   NOT NULL, -- follow, other, exact, contains
  word       VARCHAR(60)   NOT NULL, -- of a keyword, as compared; '' = of no keyword
  text       VARCHAR(2000) NOT NULL,
  updated_at BIGINT        NOT NULL
);
CREATE UNIQUE INDEX wechat_reply_word ON wechat_reply (app_id, kind, word);

-- 校验文件 by which the platform checks that the domain is ours. Those in the data folder are not here.
CREATE TABLE wechat_file (
  id         BIGINT       NOT NULL PRIMARY KEY,
  name       VARCHAR(64)  NOT NULL,
  text       VARCHAR(128) NOT NULL,
  checked_at BIGINT,                -- when it was last read at its public address; NULL = never
  problem    VARCHAR(200) NOT NULL, -- why it was not answered there then; '' = it was
  created_at BIGINT       NOT NULL
);
CREATE UNIQUE INDEX wechat_file_name ON wechat_file (name);

-- 微信关注用户: who follows, or followed, an official account, as WeChat last told.
CREATE TABLE follower (
  id          BIGINT      NOT NULL PRIMARY KEY,
  app_id      VARCHAR(64) NOT NULL, -- of an account of the console, or of the configuration file
  open_id     VARCHAR(64) NOT NULL,
  union_id    VARCHAR(64) NOT NULL, -- '' = not told
  follows     INTEGER     NOT NULL, -- 1 = does now
  followed_at BIGINT      NOT NULL, -- the latest time
  left_at     BIGINT,               -- since when they do not
  source      VARCHAR(32) NOT NULL, -- ADD_SCENE_…; '' = not told yet
  remark      VARCHAR(64) NOT NULL,
  told_at     BIGINT      NOT NULL, -- the last callback about them; what was asked for before it is old
  look_at     BIGINT,               -- when WeChat is asked about them again
  seen_run    BIGINT      NOT NULL, -- the last sync that met them
  updated_at  BIGINT      NOT NULL
);
CREATE UNIQUE INDEX follower_open ON follower (app_id, open_id);
CREATE INDEX follower_list ON follower (app_id, follows, followed_at, id);
CREATE INDEX follower_source ON follower (app_id, follows, source, followed_at, id);
CREATE INDEX follower_union ON follower (union_id);
CREATE INDEX follower_look ON follower (app_id, look_at);
CREATE INDEX follower_seen ON follower (app_id, follows, seen_run);
CREATE INDEX follower_remark ON follower (app_id, follows, remark);
CREATE INDEX follower_left ON follower (left_at);

-- The tags of an official account, which are WeChat's.
CREATE TABLE follower_tag (
  id         BIGINT      NOT NULL PRIMARY KEY,
  app_id     VARCHAR(64) NOT NULL,
  tag_id     INTEGER     NOT NULL, -- WeChat's
  name       VARCHAR(64) NOT NULL,
  updated_at BIGINT      NOT NULL
);
CREATE UNIQUE INDEX follower_tag_number ON follower_tag (app_id, tag_id);

CREATE TABLE follower_tagged (
  app_id      VARCHAR(64) NOT NULL,
  tag_id      INTEGER     NOT NULL,
  follower_id BIGINT      NOT NULL,
  PRIMARY KEY (app_id, tag_id, follower_id)
);
CREATE INDEX follower_tagged_follower ON follower_tagged (follower_id);

-- How far the sync of an official account's followers is. One server at a time does it.
CREATE TABLE follower_sync (
  app_id      VARCHAR(64)  NOT NULL PRIMARY KEY,
  runner      VARCHAR(64)  NOT NULL, -- which server does it; '' = none
  beat_at     BIGINT       NOT NULL, -- its last sign of life
  run_id      BIGINT       NOT NULL, -- the one under way, stopped or failed; 0 = none
  began_at    BIGINT       NOT NULL, -- of that one
  stopped     INTEGER      NOT NULL, -- 1 = somebody stopped it
  page_cursor VARCHAR(64)  NOT NULL, -- the open id after which the list goes on; '' = from its beginning
  total       INTEGER      NOT NULL, -- followers by WeChat's own count
  met         INTEGER      NOT NULL, -- those that the run has met
  added       INTEGER      NOT NULL,
  changed     INTEGER      NOT NULL,
  removed     INTEGER      NOT NULL,
  tries       INTEGER      NOT NULL, -- that failed in a row
  ended_at    BIGINT,               -- the last end or failure
  problem     VARCHAR(200) NOT NULL  -- of that, in words; '' = it was whole
);

CREATE TABLE wechat_user (
  id           BIGINT       NOT NULL PRIMARY KEY,
  union_id     VARCHAR(64),           -- NULL = not told by WeChat
  person_id    BIGINT       NOT NULL, -- whose number is verified and whose name was stated, or confirmed; 0 = not yet
  name_fold    VARCHAR(64)  NOT NULL, -- that name; '' = not yet
  phone_cipher VARCHAR(200) NOT NULL, -- verified; '' = none
  phone_mac    VARCHAR(64)  NOT NULL,
  merged_into  BIGINT       NOT NULL, -- the user that this one turned out to be; 0 = none
  channel      VARCHAR(16)  NOT NULL, -- by which they are told first where there is one; '' = as usual
  created_at   BIGINT       NOT NULL,
  updated_at   BIGINT       NOT NULL
);
CREATE UNIQUE INDEX wechat_user_union ON wechat_user (union_id);
CREATE INDEX wechat_user_person ON wechat_user (person_id);
CREATE INDEX wechat_user_phone ON wechat_user (phone_mac);

CREATE TABLE wechat_identity (
  app_id      VARCHAR(64) NOT NULL,
  open_id     VARCHAR(64) NOT NULL,
  user_id     BIGINT      NOT NULL,
  followed_at BIGINT,
  created_at  BIGINT      NOT NULL,
  PRIMARY KEY (app_id, open_id)
);
CREATE INDEX wechat_identity_user ON wechat_identity (user_id);

-- Every passage and every refusal. Append-only; also the event log that live views follow. Names
-- and places are stored as they were at the time.
CREATE TABLE access_record (
  id           BIGINT       NOT NULL PRIMARY KEY, -- its time is that of the passage
  community_id BIGINT       NOT NULL,
  at           BIGINT       NOT NULL,
  via          VARCHAR(8)   NOT NULL, -- reader, guard, manual, remote
  reader_id    BIGINT       NOT NULL,
  post_id      BIGINT       NOT NULL,
  guard_id     BIGINT       NOT NULL,
  gate         VARCHAR(64)  NOT NULL, -- name of the reader or post
  released_by  VARCHAR(64)  NOT NULL, -- name of the device or guard
  direction    VARCHAR(8)   NOT NULL,
  kind         VARCHAR(16)  NOT NULL, -- '' = unknown token
  pass_id      BIGINT       NOT NULL,
  person_id    BIGINT       NOT NULL,
  resident_id  BIGINT       NOT NULL,
  house_id     BIGINT       NOT NULL,
  name         VARCHAR(64)  NOT NULL,
  house        VARCHAR(250) NOT NULL,
  temp_tenths  INTEGER      NOT NULL, -- 0 = not taken
  allowed      INTEGER      NOT NULL,
  counted      INTEGER      NOT NULL, -- 1 = an exit counted in the tally
  reason       VARCHAR(32)  NOT NULL,
  note         VARCHAR(200) NOT NULL, -- a guard's own reason for refusing, or for an urgent release; the start of an unreadable message
  token_digest VARCHAR(64)  NOT NULL, -- '' = no token was shown
  repeats      INTEGER      NOT NULL, -- how often a reader was told to open again
  people       INTEGER      NOT NULL, -- of the party that it is about; 0 = one
  means        VARCHAR(8)   NOT NULL, -- core.Means: what was shown instead of the holder's own code; '' = that, or a guard knew them
  release_key  VARCHAR(64)            -- the token's digest if released, otherwise NULL: a token releases once
);
CREATE UNIQUE INDEX access_record_release ON access_record (release_key);
CREATE INDEX access_record_community ON access_record (community_id, id);
CREATE INDEX access_record_result ON access_record (community_id, allowed, id);
CREATE INDEX access_record_reason ON access_record (community_id, reason, id);
CREATE INDEX access_record_house ON access_record (community_id, house_id, id);
CREATE INDEX access_record_person ON access_record (community_id, person_id, id);
CREATE INDEX access_record_reader ON access_record (reader_id, id);
CREATE INDEX access_record_post ON access_record (post_id, id);

-- Events at the gates that need attention, and applications for certification that are too many.
CREATE TABLE access_alert (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  kind         VARCHAR(16)  NOT NULL, -- fever, urgent, refusals, reuse, silent, clock, guessing
  subject_id   BIGINT       NOT NULL, -- id of a record, a reader, a pass, a house, a person or a WeChat user
  reader_id    BIGINT       NOT NULL,
  post_id      BIGINT       NOT NULL,
  record_id    BIGINT       NOT NULL, -- 0 = none
  gate         VARCHAR(64)  NOT NULL,
  name         VARCHAR(64)  NOT NULL,
  house        VARCHAR(250) NOT NULL,
  n            INTEGER      NOT NULL,
  mark         BIGINT       NOT NULL, -- grows with its cause: the same cause never raises it twice
  open_key     VARCHAR(64)  NOT NULL, -- kind and subject while open: at most one
  first_at     BIGINT       NOT NULL,
  last_at      BIGINT       NOT NULL,
  reminded_at  BIGINT,                -- when those who may handle it were reminded
  handled_at   BIGINT,
  handled_by   VARCHAR(64)  NOT NULL,
  remark       VARCHAR(200) NOT NULL
);
CREATE UNIQUE INDEX access_alert_open ON access_alert (open_key);
CREATE INDEX access_alert_subject ON access_alert (kind, subject_id, mark);
CREATE INDEX access_alert_community ON access_alert (community_id, handled_at, id);

-- Background jobs of accounts.
CREATE TABLE job (
  id         BIGINT       NOT NULL PRIMARY KEY,
  account_id BIGINT       NOT NULL,
  kind       VARCHAR(32)  NOT NULL,
  state      VARCHAR(16)  NOT NULL, -- waiting, running, done, failed, cancelled, broken
  subject_id BIGINT       NOT NULL, -- what it works on, such as an import; 0 = nothing of its own
  live_key   VARCHAR(64),           -- account:kind, or kind:subject, until over: one at a time; then NULL
  queue_key  VARCHAR(64)  NOT NULL, -- those of a key run one after another; '' = of none
  run_key    VARCHAR(64),           -- the queue's key while it runs; else NULL
  runner     VARCHAR(64)  NOT NULL, -- the server that runs it
  done       BIGINT       NOT NULL,
  total      BIGINT       NOT NULL, -- 0 = unknown
  words      VARCHAR(500) NOT NULL,
  result     VARCHAR(200) NOT NULL,
  tries      INTEGER      NOT NULL, -- servers that began it, since one got further than those before
  reached    BIGINT       NOT NULL DEFAULT 0, -- the most that was done
  beat_at    BIGINT       NOT NULL, -- the runner's last heartbeat
  created_at BIGINT       NOT NULL,
  begun_at   BIGINT,
  ended_at   BIGINT
);
CREATE UNIQUE INDEX job_live ON job (live_key);
CREATE UNIQUE INDEX job_run ON job (run_key);
CREATE INDEX job_account ON job (account_id, id);
CREATE INDEX job_state ON job (state, id);

-- Lists of which a job makes a file, which is kept for a day. The id is the job's.
CREATE TABLE export (
  id           BIGINT       NOT NULL PRIMARY KEY,
  account_id   BIGINT       NOT NULL, -- who started it
  account_name VARCHAR(64)  NOT NULL,
  kind         VARCHAR(32)  NOT NULL, -- resident, house, accessrecord
  community_id BIGINT       NOT NULL, -- 0 = several
  whole        INTEGER      NOT NULL, -- 1 = numbers are not masked
  file         VARCHAR(200) NOT NULL, -- its name
  asked        LONGBLOB     NOT NULL, -- scope and filter, JSON, encrypted
  made_id      BIGINT       NOT NULL, -- whose pieces are the file; 0 = none yet
  size         BIGINT       NOT NULL, -- in bytes
  total        BIGINT       NOT NULL, -- rows
  created_at   BIGINT       NOT NULL,
  made_at      BIGINT                 -- NULL = not yet
);
CREATE INDEX export_account ON export (account_id, id);
CREATE INDEX export_age ON export (created_at);

-- The pieces of a file, encrypted. A file is made anew under another id, so that two servers never mix theirs.
CREATE TABLE export_content (
  made_id   BIGINT   NOT NULL,
  piece     INTEGER  NOT NULL, -- from 0
  export_id BIGINT   NOT NULL,
  content   LONGBLOB NOT NULL,
  PRIMARY KEY (made_id, piece)
);
CREATE INDEX export_content_export ON export_content (export_id, made_id);

-- Lists that are imported from files. Files and rows are encrypted, and removed after a while.
CREATE TABLE import (
  id             BIGINT        NOT NULL PRIMARY KEY,
  community_id   BIGINT        NOT NULL,
  kind           VARCHAR(32)   NOT NULL, -- resident
  state          VARCHAR(16)   NOT NULL, -- reading, columns, preview, writing, done, undoing, undone, cancelled, failed
  creator_id     BIGINT        NOT NULL, -- the account that uploaded the file
  account_id     BIGINT        NOT NULL, -- the one that started the latest work on it
  account_name   VARCHAR(64)   NOT NULL,
  file           VARCHAR(200)  NOT NULL, -- its name, for people
  size           INTEGER       NOT NULL,
  pieces         INTEGER       NOT NULL, -- of import_content
  sha256         VARCHAR(64)   NOT NULL, -- hex
  sheet          VARCHAR(200)  NOT NULL, -- which to read; '' = the one that opens first
  columns_text   VARCHAR(2000) NOT NULL, -- what the columns are as somebody said, JSON; '' = by their headings
  no_head        INTEGER       NOT NULL DEFAULT 0, -- 1 = the list has no heading: its first row is a record, too
  layout         LONGBLOB      NOT NULL, -- sheets, headings and a few rows as they were read, JSON, encrypted
  reading_id     BIGINT        NOT NULL, -- whose parts are the import's; 0 = none yet
  parts          INTEGER       NOT NULL,
  counts         VARCHAR(2000) NOT NULL, -- rows by what they would do, JSON
  choices        VARCHAR(200)  NOT NULL, -- what was chosen on the preview, JSON
  next_part      INTEGER       NOT NULL, -- of those to be written
  written        VARCHAR(2000) NOT NULL, -- what has been written, JSON
  batch_id       BIGINT        NOT NULL, -- of the records; 0 = none
  house_batch_id BIGINT        NOT NULL, -- of the houses; 0 = none
  gives_up       INTEGER       NOT NULL, -- 1 = taken back before it was done: cancelled, or failed with problem
  problem        VARCHAR(200)  NOT NULL, -- why it failed, in words
  job_id         BIGINT        NOT NULL, -- the latest
  created_at     BIGINT        NOT NULL,
  updated_at     BIGINT        NOT NULL,
  ended_at       BIGINT,
  cleared_at     BIGINT                  -- when file and rows were removed
);
CREATE INDEX import_community ON import (community_id, id);
CREATE INDEX import_clear ON import (cleared_at, updated_at);

-- The pieces of a file, encrypted. They are written before their import, so that no transaction is long.
CREATE TABLE import_content (
  import_id  BIGINT   NOT NULL,
  piece      INTEGER  NOT NULL,
  content    LONGBLOB NOT NULL,
  created_at BIGINT   NOT NULL,
  PRIMARY KEY (import_id, piece)
);
CREATE INDEX import_content_age ON import_content (created_at);

-- Some hundred rows of a list with what each would do, and later did. A list is read anew under another id, so that
-- two servers never mix theirs.
CREATE TABLE import_part (
  reading_id BIGINT        NOT NULL,
  part       INTEGER       NOT NULL, -- from 0
  import_id  BIGINT        NOT NULL,
  size       INTEGER       NOT NULL, -- rows
  first_row  INTEGER       NOT NULL, -- its number in the sheet
  counts     VARCHAR(2000) NOT NULL, -- rows by what they would do, JSON
  content    LONGBLOB      NOT NULL, -- the rows, compressed and encrypted
  PRIMARY KEY (reading_id, part)
);
CREATE INDEX import_part_import ON import_part (import_id, reading_id);

-- Residents and houses of a part that are written, but are not among the things of the batches yet; nor are the residents found
-- by name.
CREATE TABLE import_pending (
  import_id BIGINT   NOT NULL,
  part      INTEGER  NOT NULL,
  added_at  BIGINT   NOT NULL, -- as their updated_at was
  residents TEXT     NOT NULL, -- their ids, JSON
  houses    LONGBLOB NOT NULL, -- their ids and labels, JSON
  PRIMARY KEY (import_id, part)
);

-- What a heading means in the lists of a community, as somebody said once.
CREATE TABLE import_column (
  community_id BIGINT       NOT NULL,
  kind         VARCHAR(32)  NOT NULL,
  heading      VARCHAR(100) NOT NULL, -- without brackets and punctuation
  column_key   VARCHAR(32)  NOT NULL, -- '' = is not imported
  PRIMARY KEY (community_id, kind, heading)
);

-- Other systems that call the open API.
CREATE TABLE open_client (
  id              BIGINT       NOT NULL PRIMARY KEY,
  client_key      VARCHAR(32)  NOT NULL, -- what it calls itself by
  name            VARCHAR(40)  NOT NULL,
  calls           VARCHAR(400) NOT NULL, -- that it may make, comma separated
  all_communities INTEGER      NOT NULL,
  rate            INTEGER      NOT NULL, -- calls a second
  disabled_at     BIGINT,
  used_at         BIGINT,                -- to a minute
  created_at      BIGINT       NOT NULL,
  updated_at      BIGINT       NOT NULL
);
CREATE UNIQUE INDEX open_client_key ON open_client (client_key);

CREATE TABLE open_client_scope (
  client_id    BIGINT NOT NULL,
  community_id BIGINT NOT NULL,
  PRIMARY KEY (client_id, community_id)
);

-- The secrets that a client may sign by: one, or two while it changes over.
CREATE TABLE open_secret (
  id         BIGINT       NOT NULL PRIMARY KEY,
  client_id  BIGINT       NOT NULL,
  cipher     VARCHAR(400) NOT NULL,
  created_at BIGINT       NOT NULL,
  used_at    BIGINT
);
CREATE INDEX open_secret_client ON open_secret (client_id, id);

-- Nonces of calls, so that none is made twice.
CREATE TABLE open_nonce (
  client_id  BIGINT      NOT NULL,
  nonce      VARCHAR(64) NOT NULL,
  expires_at BIGINT      NOT NULL,
  PRIMARY KEY (client_id, nonce)
);
CREATE INDEX open_nonce_expiry ON open_nonce (expires_at);

-- What an account opened last, for its search box. Nothing typed is kept.
CREATE TABLE recent_view (
  account_id BIGINT      NOT NULL,
  stem       VARCHAR(32) NOT NULL,
  subject_id BIGINT      NOT NULL,
  visit_id   BIGINT      NOT NULL, -- an id made at the last visit: the greatest is the latest
  PRIMARY KEY (account_id, stem, subject_id)
);

-- What an account set for itself in the console.
CREATE TABLE preference (
  account_id   BIGINT NOT NULL PRIMARY KEY,
  community_id BIGINT NOT NULL, -- in which it works, of several; 0 = all
  starred      VARCHAR(400) NOT NULL, -- stems of its pages on top of the menu, comma separated, in that order
  guide_away   INTEGER NOT NULL, -- 1 = the home page is without the steps of the set-up
  muted        VARCHAR(200) NOT NULL, -- kinds of messages that it is told of in the console alone, comma separated
  digest       VARCHAR(16) NOT NULL, -- when it is told of what may come in a flood: '' = at once, hour, day
  channel      VARCHAR(16) NOT NULL, -- by which it is told first where there is one; '' = as usual
  updated_at   BIGINT NOT NULL
);

-- A list's filters and sort order, saved by an account under a name.
CREATE TABLE saved_view (
  id         BIGINT        NOT NULL PRIMARY KEY,
  account_id BIGINT        NOT NULL,
  stem       VARCHAR(32)   NOT NULL, -- of the list: reader
  name       VARCHAR(40)   NOT NULL,
  query      VARCHAR(2000) NOT NULL, -- of the URL
  created_at BIGINT        NOT NULL
);
CREATE UNIQUE INDEX saved_view_name ON saved_view (account_id, stem, name);

-- What people are told outside the console: the outbox, and its ledger.
CREATE TABLE message (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL, -- 0 = of none
  kind         VARCHAR(32)  NOT NULL,
  to_kind      VARCHAR(16)  NOT NULL, -- account, wechat
  to_id        BIGINT       NOT NULL,
  user_id      BIGINT       NOT NULL, -- wechat_user by whom the recipient is reached; 0 = none
  notice_id    BIGINT       NOT NULL, -- the entry of the bell; 0 = none
  title        VARCHAR(200) NOT NULL, -- without personal data
  link         VARCHAR(200) NOT NULL, -- its page, below /console/
  events       INTEGER      NOT NULL, -- how many it tells of
  merge_key    VARCHAR(64),           -- others of the key become part of it; NULL = none any more
  merged_into  BIGINT       NOT NULL, -- message; 0 = none
  digest       VARCHAR(16)  NOT NULL, -- when its recipient wants it: '' = at once, hour, day
  state        VARCHAR(16)  NOT NULL,
  channel      VARCHAR(16)  NOT NULL, -- the latest; '' = none yet
  tried        VARCHAR(100) NOT NULL, -- channels that did not reach the recipient, comma separated
  tries        INTEGER      NOT NULL, -- on channel
  unsure_at    BIGINT,                -- of the first attempt on channel whose outcome is unknown
  reason       VARCHAR(32)  NOT NULL,
  code         VARCHAR(64)  NOT NULL, -- the platform's
  lease        VARCHAR(64)  NOT NULL, -- of the claim, until next_at
  created_at   BIGINT       NOT NULL,
  due_at       BIGINT,                -- by when what it asks its recipient must be decided; NULL = it does not ask anything
  next_at      BIGINT,                -- when it is looked at again; NULL = it has come to its end
  expires_at   BIGINT       NOT NULL,
  ended_at     BIGINT
);
CREATE UNIQUE INDEX message_merge ON message (merge_key);
CREATE INDEX message_next ON message (next_at);
CREATE INDEX message_community ON message (community_id, id);
CREATE INDEX message_state ON message (state, id);
CREATE INDEX message_to ON message (to_kind, to_id, id);
CREATE INDEX message_notice ON message (notice_id);

-- Messages that reached nobody, and that somebody of the office told by phone.
CREATE TABLE message_call (
  message_id BIGINT       NOT NULL PRIMARY KEY,
  caller     VARCHAR(64)  NOT NULL, -- the account's name
  note       VARCHAR(200) NOT NULL,
  called_at  BIGINT       NOT NULL
);

-- Written before the call goes out, so that a server that is killed does not send twice.
CREATE TABLE message_attempt (
  id          BIGINT       NOT NULL PRIMARY KEY,
  message_id  BIGINT       NOT NULL,
  channel     VARCHAR(16)  NOT NULL,
  app_id      VARCHAR(64)  NOT NULL,
  open_id     VARCHAR(64)  NOT NULL,
  template_id VARCHAR(64)  NOT NULL,
  state       VARCHAR(16)  NOT NULL,
  reason      VARCHAR(32)  NOT NULL,
  code        VARCHAR(64)  NOT NULL,
  platform_id VARCHAR(64)  NOT NULL, -- by which the delivery is reported
  planned_at  BIGINT       NOT NULL,
  begun_at    BIGINT,                -- NULL = the call did not go out
  ended_at    BIGINT
);
CREATE INDEX message_attempt_message ON message_attempt (message_id, id);
CREATE INDEX message_attempt_platform ON message_attempt (platform_id);

-- Reports of deliveries that came before the attempt was recorded as accepted.
CREATE TABLE message_report (
  app_id      VARCHAR(64) NOT NULL,
  platform_id VARCHAR(64) NOT NULL,
  state       VARCHAR(16) NOT NULL, -- of the attempt
  reason      VARCHAR(32) NOT NULL,
  code        VARCHAR(64) NOT NULL,
  created_at  BIGINT      NOT NULL,
  PRIMARY KEY (app_id, platform_id)
);

-- Recipients who do not want a template's messages; '' = any of the account.
CREATE TABLE message_optout (
  app_id      VARCHAR(64) NOT NULL,
  open_id     VARCHAR(64) NOT NULL,
  template_id VARCHAR(64) NOT NULL,
  reason      VARCHAR(32) NOT NULL,
  created_at  BIGINT      NOT NULL,
  PRIMARY KEY (app_id, open_id, template_id)
);

-- Consents to subscribe messages: each is for one.
CREATE TABLE message_grant (
  app_id      VARCHAR(64) NOT NULL,
  open_id     VARCHAR(64) NOT NULL,
  template_id VARCHAR(64) NOT NULL,
  n           INTEGER     NOT NULL,
  updated_at  BIGINT      NOT NULL,
  PRIMARY KEY (app_id, open_id, template_id)
);

-- Channels that send nothing for a while, or whose messages somebody must look at.
CREATE TABLE message_stop (
  channel     VARCHAR(16) NOT NULL,
  app_id      VARCHAR(64) NOT NULL, -- the account of WeChat that the channel sends by; '' = by any
  template_id VARCHAR(64) NOT NULL, -- '' = by any
  until_at    BIGINT      NOT NULL,
  reason      VARCHAR(32) NOT NULL,
  code        VARCHAR(64) NOT NULL,
  alarm       INTEGER     NOT NULL, -- 1 = somebody must look at the configuration
  noted_at    BIGINT      NOT NULL,
  told        VARCHAR(500) NOT NULL, -- of which reasons operators were told, and when: reason=time,reason=time
  PRIMARY KEY (channel, app_id, template_id)
);

-- What each channel did, by the communities that the messages are about. One day is asked for at a time.
CREATE TABLE message_day (
  day          INTEGER     NOT NULL, -- of the platform
  community_id BIGINT      NOT NULL, -- 0 = of none
  channel      VARCHAR(16) NOT NULL,
  sent         BIGINT      NOT NULL,
  failed       BIGINT      NOT NULL,
  PRIMARY KEY (day, community_id, channel)
);

-- Pictures that people sent. One that nothing uses is removed after a day.
CREATE TABLE photo (
  id           BIGINT      NOT NULL PRIMARY KEY,
  class        VARCHAR(16) NOT NULL, -- public, scope, personal
  community_id BIGINT      NOT NULL, -- 0 until it is used
  owner_id     BIGINT      NOT NULL, -- wechat_user; 0 = the office
  use_stem     VARCHAR(32) NOT NULL, -- what it belongs to; '' = nothing yet
  use_id       BIGINT      NOT NULL,
  width        INTEGER     NOT NULL,
  height       INTEGER     NOT NULL,
  size         INTEGER     NOT NULL, -- of the whole picture, in bytes
  sha256       VARCHAR(64) NOT NULL, -- of the whole picture, hex
  created_at   BIGINT      NOT NULL
);
CREATE INDEX photo_use ON photo (use_id, use_stem);
CREATE INDEX photo_owner ON photo (owner_id, use_id);
CREATE INDEX photo_idle ON photo (use_id, created_at);

CREATE TABLE photo_content (
  photo_id BIGINT      NOT NULL,
  part     VARCHAR(8)  NOT NULL, -- whole, thumb
  content  LONGBLOB    NOT NULL, -- a JPEG file; of a personal picture encrypted
  PRIMARY KEY (photo_id, part)
);

-- Applications that somebody decides, of all kinds; what is applied for is the row with the same id of the
-- kind's own table.
CREATE TABLE review (
  id           BIGINT       NOT NULL PRIMARY KEY,
  community_id BIGINT       NOT NULL,
  kind         VARCHAR(32)  NOT NULL,
  applicant_id BIGINT       NOT NULL, -- wechat_user
  name         VARCHAR(64)  NOT NULL, -- of the applicant, as they wrote it
  subject      VARCHAR(250) NOT NULL, -- what it is about: the house's label
  open_key     VARCHAR(100),          -- at most one of a key waits; NULL = decided
  state        VARCHAR(16)  NOT NULL, -- waiting, approved, rejected, withdrawn, superseded
  version      INTEGER      NOT NULL,
  due_at       BIGINT       NOT NULL,
  remind_at    BIGINT,                -- when reviewers are reminded next; NULL = never
  decided_by   BIGINT       NOT NULL, -- account; 0 = the program, or nobody
  decider      VARCHAR(64)  NOT NULL, -- their name at the time
  decided_at   BIGINT,
  owners_asked INTEGER      NOT NULL, -- 1 = owners of the house are asked first; the office when it is overdue
  owner_id     BIGINT       NOT NULL, -- resident who decided as an owner of the house; 0 = none
  reason       VARCHAR(200) NOT NULL,
  note         VARCHAR(200) NOT NULL, -- for the applicant
  internal     VARCHAR(200) NOT NULL, -- for colleagues
  photos       INTEGER      NOT NULL, -- how many pictures are kept with it
  created_at   BIGINT       NOT NULL,
  updated_at   BIGINT       NOT NULL
);
CREATE UNIQUE INDEX review_open ON review (open_key);
CREATE INDEX review_community ON review (community_id, kind, id);
-- Few wait among the many that were decided, and every page counts them: this index has all that is asked of them.
CREATE INDEX review_state ON review (state, kind, community_id, owners_asked, due_at, id);
CREATE INDEX review_applicant ON review (applicant_id, id);
CREATE INDEX review_remind ON review (remind_at);
CREATE INDEX review_photos ON review (photos, decided_at);

CREATE TABLE certification (
  id           BIGINT       NOT NULL PRIMARY KEY, -- review.id
  house_id     BIGINT       NOT NULL,
  identity     VARCHAR(16)  NOT NULL,
  lease_day    INTEGER      NOT NULL,
  phone_cipher VARCHAR(200) NOT NULL,
  phone_mac    VARCHAR(64)  NOT NULL,
  idno_cipher  VARCHAR(300) NOT NULL, -- '' = not given
  idno_mac     VARCHAR(64)  NOT NULL,
  replaces_id  BIGINT       NOT NULL, -- resident: the applicant's tie to another house that ends with the approval; 0 = none
  resident_id  BIGINT       NOT NULL, -- whom it certified; 0 = nobody yet
  instant      INTEGER      NOT NULL, -- 1 = the register had the same house, phone number and name
  made         VARCHAR(16)  NOT NULL, -- by its approval: resident = one was added, number = one got the number, certified; '' = nothing
  ended_id     BIGINT       NOT NULL DEFAULT 0, -- resident: the tie that its approval ended; 0 = none
  gave_idno    INTEGER      NOT NULL DEFAULT 0, -- 1 = its approval gave the resident the ID number
  connected    INTEGER      NOT NULL DEFAULT 0, -- 1 = its approval made the applicant the person of the register
  was_person   BIGINT       NOT NULL DEFAULT 0, -- who the applicant was before that, like wechat_user.person_id
  was_name     VARCHAR(64)  NOT NULL DEFAULT '', -- and by which name, like wechat_user.name_fold
  request_key  VARCHAR(64)  NOT NULL, -- digest of the applicant and the request's key: the same one applies once
  request_body VARCHAR(64)  NOT NULL  -- digest of what was sent with it
);
CREATE UNIQUE INDEX certification_request ON certification (request_key);
CREATE INDEX certification_house ON certification (house_id, id);
CREATE INDEX certification_phone ON certification (phone_mac, id);
