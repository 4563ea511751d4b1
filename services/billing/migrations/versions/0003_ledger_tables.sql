-- The ledger's tables. Blocks of one statement are parted by a line with two hyphens.

CREATE TABLE accounts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- Whose it is; none means the platform's.
    partner_id uuid,
    -- The partner, customer, quota, voucher or lot that the account stands for.
    holder_id uuid NOT NULL,
    kind smallint NOT NULL,
    -- Only accounts of one unit exchange amounts: 'CNY/2', 'VQ:<quota>:CNY/2'.
    unit text NOT NULL,
    -- 0 none, 1 debits may not exceed credits, 2 credits may not exceed debits.
    guard smallint NOT NULL,
    debits_posted bigint DEFAULT 0 NOT NULL,
    credits_posted bigint DEFAULT 0 NOT NULL,
    debits_pending bigint DEFAULT 0 NOT NULL,
    credits_pending bigint DEFAULT 0 NOT NULL,
    is_closing boolean DEFAULT false NOT NULL,
    -- How many entries it has.
    version bigint DEFAULT 0 NOT NULL,
    create_time timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT accounts_holder_key UNIQUE (tenant_id, holder_id, kind, unit),
    CONSTRAINT accounts_counters_check CHECK (
        least(debits_posted, credits_posted, debits_pending, credits_pending) >= 0
    ),
    CONSTRAINT accounts_guard_check CHECK (
        CASE guard
            WHEN 0 THEN true
            WHEN 1 THEN debits_posted + debits_pending <= credits_posted
            WHEN 2 THEN credits_posted + credits_pending <= debits_posted
            ELSE false
        END
    )
)
-- Updates of counters touch no index; room on the page keeps them there (HOT).
WITH (fillfactor = 50)
--
CREATE INDEX accounts_partner_id_idx ON accounts (tenant_id, partner_id)
--
-- No foreign keys lead from transfers and entries to accounts: the functions hold the accounts'
-- locks anyway, accounts are never deleted, and the key share locks of foreign keys would turn
-- every hot account into a multixact.
CREATE TABLE transfers (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    code smallint NOT NULL,
    -- 1 posted at once, 2 pending, 3 posts, 4 voids, 5 expires a pending one.
    phase smallint NOT NULL,
    debit_account_id uuid NOT NULL,
    credit_account_id uuid NOT NULL,
    amount bigint NOT NULL,
    pending_id uuid,
    reverses_id uuid,
    group_id uuid,
    trade_detail smallint,
    expire_time timestamptz,
    effective_time timestamptz NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT transfers_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT transfers_pending_id_fkey
        FOREIGN KEY (tenant_id, pending_id) REFERENCES transfers (tenant_id, id),
    CONSTRAINT transfers_reverses_id_fkey
        FOREIGN KEY (tenant_id, reverses_id) REFERENCES transfers (tenant_id, id),
    CONSTRAINT transfers_amount_check CHECK (amount > 0),
    CONSTRAINT transfers_accounts_check CHECK (debit_account_id <> credit_account_id),
    CONSTRAINT transfers_phase_check CHECK (phase BETWEEN 1 AND 5),
    CONSTRAINT transfers_pending_id_check CHECK ((phase > 2) = (pending_id IS NOT NULL)),
    CONSTRAINT transfers_expire_time_check CHECK (phase = 2 OR expire_time IS NULL)
)
--
-- These decide races: a pending transfer is resolved once, a transfer is reversed once.
CREATE UNIQUE INDEX transfers_pending_id_key ON transfers (tenant_id, pending_id)
    WHERE pending_id IS NOT NULL
--
CREATE UNIQUE INDEX transfers_reverses_id_key ON transfers (tenant_id, reverses_id)
    WHERE reverses_id IS NOT NULL
--
CREATE INDEX transfers_group_id_idx ON transfers (tenant_id, group_id) WHERE group_id IS NOT NULL
--
CREATE INDEX transfers_expire_time_idx ON transfers (expire_time) WHERE expire_time IS NOT NULL
--
CREATE TABLE entries (
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    -- 1, 2, 3, … on each account.
    version bigint NOT NULL,
    transfer_id uuid NOT NULL,
    -- Credits are positive, debits negative.
    amount bigint NOT NULL,
    -- Credits minus debits of the account, behind this entry.
    balance bigint NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT entries_pkey PRIMARY KEY (tenant_id, account_id, version),
    CONSTRAINT entries_amount_check CHECK (amount <> 0)
)
--
CREATE INDEX entries_transfer_id_idx ON entries (tenant_id, transfer_id)
