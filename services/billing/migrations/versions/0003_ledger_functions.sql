-- The functions that alone may write transfers and entries. Blocks as in the tables' file.

CREATE TYPE ledger_item AS (
    n integer,
    id uuid,
    code smallint,
    phase smallint,
    debit_account_id uuid,
    credit_account_id uuid,
    -- Counted in the smallest unit of what `unit` says, 'CNY/2'.
    amount bigint,
    unit text,
    pending_id uuid,
    reverses_id uuid,
    group_id uuid,
    trade_detail smallint,
    expire_time timestamptz,
    effective_time timestamptz
)
--
-- The database's clock decides what has expired, whenever a lock was waited for; tests set it.
CREATE FUNCTION ledger_clock() RETURNS timestamptz
LANGUAGE sql VOLATILE SET search_path = '' AS $$
    SELECT coalesce(
        nullif(current_setting('app.now', true), '')::timestamptz, clock_timestamp()
    )
$$
--
CREATE FUNCTION ledger_refuse(reason text, detail jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'LG001', MESSAGE = reason, DETAIL = detail::text;
END
$$
--
-- Says whether a transfer that is known is what the item asks for once more.
CREATE FUNCTION ledger_is_same(known transfers, item ledger_item) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = '' AS $$
    SELECT known.code = item.code
        AND known.phase = item.phase
        AND known.pending_id IS NOT DISTINCT FROM item.pending_id
        AND known.reverses_id IS NOT DISTINCT FROM item.reverses_id
        AND known.expire_time IS NOT DISTINCT FROM item.expire_time
        AND known.trade_detail IS NOT DISTINCT FROM item.trade_detail
        -- Resolutions and reversals take from the first transfer what the caller leaves open.
        AND coalesce(known.debit_account_id = item.debit_account_id, true)
        AND coalesce(known.credit_account_id = item.credit_account_id, true)
        AND coalesce(known.amount = item.amount, true)
$$
--
-- Says why an amount can not go from one account to the other; null means that it can.
CREATE FUNCTION ledger_refusal(
    debit accounts, credit accounts, item ledger_item, OUT reason text, OUT detail jsonb
) LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
DECLARE
    available bigint;
BEGIN
    IF debit.id IS NULL OR credit.id IS NULL THEN
        reason := 'NOT_FOUND';
        detail := jsonb_build_object('thing', 'account');
    ELSIF debit.unit <> credit.unit OR debit.unit <> item.unit THEN
        reason := 'UNIT_MISMATCH';
        detail := jsonb_build_object(
            'debit_unit', debit.unit, 'credit_unit', credit.unit, 'amount_unit', item.unit
        );
    ELSIF credit.is_closing AND item.phase <= 3 OR debit.is_closing AND item.phase = 2 THEN
        -- A closing account can only be emptied.
        reason := 'ACCOUNT_CLOSING';
        detail := '{}';
    ELSIF item.phase <= 2 THEN
        available := least(
            CASE WHEN debit.guard = 1
                THEN debit.credits_posted - debit.debits_posted - debit.debits_pending
            END,
            CASE WHEN credit.guard = 2
                THEN credit.debits_posted - credit.credits_posted - credit.credits_pending
            END
        );
        IF available < item.amount THEN
            reason := 'INSUFFICIENT_BALANCE';
            detail := jsonb_build_object(
                'available', available, 'required', item.amount, 'unit', debit.unit
            );
        END IF;
    END IF;
END
$$
--
-- Moves the counters and writes the entries of one transfer; the accounts are locked and read.
-- An item that resolves a pending transfer frees `pending` of what was set aside.
CREATE FUNCTION ledger_move(
    debit accounts, credit accounts, item ledger_item, pending bigint, at timestamptz
) RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    posted bigint := CASE WHEN item.phase IN (1, 3) THEN item.amount ELSE 0 END;
    held bigint := CASE WHEN item.phase = 2 THEN item.amount ELSE -pending END;
    step integer := CASE WHEN posted > 0 THEN 1 ELSE 0 END;
BEGIN
    UPDATE public.accounts SET
        debits_posted = debits_posted + posted,
        debits_pending = debits_pending + held,
        version = version + step
    WHERE tenant_id = debit.tenant_id AND id = debit.id;
    UPDATE public.accounts SET
        credits_posted = credits_posted + posted,
        credits_pending = credits_pending + held,
        version = version + step
    WHERE tenant_id = credit.tenant_id AND id = credit.id;
    IF posted > 0 THEN
        INSERT INTO public.entries VALUES
            (debit.tenant_id, debit.id, debit.version + 1, item.id, -posted,
             debit.credits_posted - debit.debits_posted - posted, at),
            (credit.tenant_id, credit.id, credit.version + 1, item.id, posted,
             credit.credits_posted - credit.debits_posted + posted, at);
    END IF;
END
$$
--
-- Posts or reserves one amount, in one round trip; gives false where it was done before.
CREATE FUNCTION ledger_post(p_item jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    item public.ledger_item := jsonb_populate_record(NULL::public.ledger_item, p_item);
    tenant uuid := app.tenant();
    at timestamptz := public.ledger_clock();
    known public.transfers;
    account public.accounts;
    debit public.accounts;
    credit public.accounts;
    refusal record;
BEGIN
    IF tenant IS NULL OR item.phase NOT IN (1, 2) OR item.reverses_id IS NOT NULL THEN
        RAISE EXCEPTION 'ledger_post takes new transfers of one tenant';
    END IF;
    -- The gate stands before any lock: a twin waits here and then learns that it is one.
    INSERT INTO public.transfers VALUES (
        tenant, item.id, item.code, item.phase, item.debit_account_id, item.credit_account_id,
        item.amount, NULL, NULL, item.group_id, item.trade_detail, item.expire_time,
        coalesce(item.effective_time, at), at
    ) ON CONFLICT (tenant_id, id) DO NOTHING;
    IF NOT FOUND THEN
        SELECT * INTO known FROM public.transfers t WHERE t.tenant_id = tenant AND t.id = item.id;
        IF NOT public.ledger_is_same(known, item) THEN
            PERFORM public.ledger_refuse('TRANSFER_ID_REUSED', '{}');
        END IF;
        RETURN false;
    END IF;
    FOR account IN
        SELECT * FROM public.accounts a
        WHERE a.tenant_id = tenant AND a.id IN (item.debit_account_id, item.credit_account_id)
        ORDER BY a.tenant_id, a.id FOR NO KEY UPDATE
    LOOP
        IF account.id = item.debit_account_id THEN
            debit := account;
        ELSE
            credit := account;
        END IF;
    END LOOP;
    refusal := public.ledger_refusal(debit, credit, item);
    IF refusal.reason IS NOT NULL THEN
        PERFORM public.ledger_refuse(refusal.reason, refusal.detail);
    END IF;
    PERFORM public.ledger_move(debit, credit, item, 0, at);
    RETURN true;
END
$$
--
-- Does one item of a batch whose accounts are locked; gives its outcome and leaves nothing behind
-- where that is a refusal.
CREATE FUNCTION ledger_apply(item ledger_item, OUT outcome text, OUT detail jsonb)
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    tenant uuid := app.tenant();
    at timestamptz := public.ledger_clock();
    known public.transfers;
    first public.transfers;
    debit public.accounts;
    credit public.accounts;
BEGIN
    detail := '{}';
    SELECT * INTO known FROM public.transfers t WHERE t.tenant_id = tenant AND t.id = item.id;
    IF FOUND THEN
        outcome := CASE WHEN public.ledger_is_same(known, item)
            THEN 'REPLAYED' ELSE 'TRANSFER_ID_REUSED' END;
        RETURN;
    END IF;
    IF item.phase > 2 OR item.reverses_id IS NOT NULL THEN
        SELECT * INTO first FROM public.transfers t
        WHERE t.tenant_id = tenant AND t.id = coalesce(item.pending_id, item.reverses_id);
        SELECT r.outcome, r.detail INTO outcome, detail
        FROM public.ledger_refusal_of_second(first, item, at) r;
        IF outcome IS NOT NULL THEN
            RETURN;
        END IF;
        item := public.ledger_completed(item, first);
    END IF;
    SELECT * INTO debit FROM public.accounts a
    WHERE a.tenant_id = tenant AND a.id = item.debit_account_id;
    SELECT * INTO credit FROM public.accounts a
    WHERE a.tenant_id = tenant AND a.id = item.credit_account_id;
    SELECT r.reason, r.detail INTO outcome, detail
    FROM public.ledger_refusal(debit, credit, item) r;
    IF outcome IS NOT NULL THEN
        RETURN;
    END IF;
    INSERT INTO public.transfers VALUES (
        tenant, item.id, item.code, item.phase, item.debit_account_id, item.credit_account_id,
        item.amount, item.pending_id, item.reverses_id, item.group_id, item.trade_detail,
        item.expire_time, coalesce(item.effective_time, at), at
    ) ON CONFLICT (tenant_id, id) DO NOTHING;
    IF NOT FOUND THEN
        -- The same id went to other accounts, and committed since we looked.
        RAISE serialization_failure;
    END IF;
    PERFORM public.ledger_move(
        debit, credit, item, CASE WHEN item.phase > 2 THEN first.amount ELSE 0 END, at
    );
    outcome := 'POSTED';
    detail := '{}';
END
$$
--
-- Says why a pending transfer can not be resolved, or a posted one not be reversed.
CREATE FUNCTION ledger_refusal_of_second(
    first transfers, item ledger_item, at timestamptz, OUT outcome text, OUT detail jsonb
) LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    resolution public.transfers;
    has_expired boolean := item.phase > 2 AND coalesce(first.expire_time <= at, false);
BEGIN
    detail := '{}';
    IF first.id IS NULL OR (first.phase = 2) <> (item.phase > 2) OR first.phase > 3 THEN
        outcome := 'NOT_FOUND';
        detail := jsonb_build_object('thing', 'transfer');
        RETURN;
    END IF;
    SELECT * INTO resolution FROM public.transfers t
    WHERE t.tenant_id = first.tenant_id AND (t.pending_id = first.id OR t.reverses_id = first.id);
    IF FOUND THEN
        outcome := 'TRANSFER_RESOLVED';
        detail := jsonb_build_object('state', CASE resolution.phase
            WHEN 1 THEN 'REVERSED' WHEN 3 THEN 'POSTED' WHEN 4 THEN 'VOIDED' ELSE 'EXPIRED' END);
    ELSIF item.phase IN (3, 4) AND has_expired THEN
        outcome := 'TRANSFER_RESOLVED';
        detail := jsonb_build_object('state', 'EXPIRED');
    ELSIF item.phase = 5 AND NOT has_expired THEN
        outcome := 'TRANSFER_RESOLVED';
        detail := jsonb_build_object('state', 'PENDING');
    ELSIF item.phase = 3 AND item.amount > first.amount THEN
        outcome := 'INSUFFICIENT_BALANCE';
        detail := jsonb_build_object(
            'available', first.amount, 'required', item.amount, 'unit', item.unit
        );
    END IF;
END
$$
--
-- Fills in what a resolution or a reversal takes from the first transfer.
CREATE FUNCTION ledger_completed(item ledger_item, first transfers) RETURNS ledger_item
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
BEGIN
    IF item.reverses_id IS NULL THEN
        item.debit_account_id := first.debit_account_id;
        item.credit_account_id := first.credit_account_id;
        item.amount := CASE item.phase
            WHEN 3 THEN coalesce(item.amount, first.amount) ELSE first.amount END;
    ELSE
        item.debit_account_id := first.credit_account_id;
        item.credit_account_id := first.debit_account_id;
        item.amount := first.amount;
    END IF;
    RETURN item;
END
$$
--
-- Does a batch of plain items, none of them known, as one statement; gives false and does nothing
-- where any of them would be refused or needs a closer look. `ids` are the accounts': named again
-- wherever accounts are read, they keep every plan at the primary key.
CREATE FUNCTION ledger_post_plain(items ledger_item[], ids uuid[]) RETURNS boolean
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    tenant uuid := app.tenant();
    at timestamptz := public.ledger_clock();
    is_plain boolean;
    written bigint;
BEGIN
    SELECT count(DISTINCT i.id) = count(*) AND bool_and(i.phase <= 2 AND i.reverses_id IS NULL)
        AND NOT EXISTS (
            SELECT FROM public.transfers t
            WHERE t.tenant_id = tenant AND t.id = ANY (ARRAY(SELECT k.id FROM unnest(items) k))
        )
        AND bool_and(coalesce(
            d.unit = c.unit AND d.unit = i.unit AND NOT c.is_closing AND NOT (d.is_closing AND i.phase = 2), false
        ))
    INTO is_plain
    FROM unnest(items) i
    LEFT JOIN public.accounts d
        ON d.tenant_id = tenant AND d.id = i.debit_account_id AND d.id = ANY (ids)
    LEFT JOIN public.accounts c
        ON c.tenant_id = tenant AND c.id = i.credit_account_id AND c.id = ANY (ids);
    IF NOT is_plain THEN
        RETURN false;
    END IF;
    -- Each item is one leg on each of two accounts; sums run in the order of the items.
    WITH legs AS (
        SELECT n, id AS transfer_id, debit_account_id AS account_id, 1 AS guard,
            CASE phase WHEN 1 THEN -amount ELSE 0 END AS posted,
            CASE phase WHEN 2 THEN amount ELSE 0 END AS held FROM unnest(items)
        UNION ALL
        SELECT n, id, credit_account_id, 2,
            CASE phase WHEN 1 THEN amount ELSE 0 END,
            CASE phase WHEN 2 THEN amount ELSE 0 END FROM unnest(items)
    ), running AS MATERIALIZED (
        SELECT l.n, l.transfer_id, l.account_id, l.posted,
            a.version + count(*) FILTER (WHERE l.posted <> 0) OVER w AS version,
            a.debits_posted - coalesce(sum(l.posted) FILTER (WHERE l.posted < 0) OVER w, 0)
                AS debits_posted,
            a.credits_posted + coalesce(sum(l.posted) FILTER (WHERE l.posted > 0) OVER w, 0)
                AS credits_posted,
            a.debits_pending + coalesce(sum(l.held) FILTER (WHERE l.guard = 1) OVER w, 0)
                AS debits_pending,
            a.credits_pending + coalesce(sum(l.held) FILTER (WHERE l.guard = 2) OVER w, 0)
                AS credits_pending,
            a.guard,
            row_number() OVER (PARTITION BY l.account_id ORDER BY l.n DESC) = 1 AS is_last
        FROM legs l JOIN public.accounts a
            ON a.tenant_id = tenant AND a.id = l.account_id AND a.id = ANY (ids)
        WINDOW w AS (PARTITION BY l.account_id ORDER BY l.n)
    ), verdict AS MATERIALIZED (
        SELECT bool_and(CASE guard
            WHEN 1 THEN debits_posted + debits_pending <= credits_posted
            WHEN 2 THEN credits_posted + credits_pending <= debits_posted
            ELSE true
        END) AS holds FROM running
    ), new_transfers AS (
        INSERT INTO public.transfers
        SELECT tenant, i.id, i.code, i.phase, i.debit_account_id, i.credit_account_id, i.amount,
            NULL, NULL, i.group_id, i.trade_detail, i.expire_time,
            coalesce(i.effective_time, at), at
        FROM unnest(items) i WHERE (SELECT holds FROM verdict) ORDER BY i.id
        ON CONFLICT (tenant_id, id) DO NOTHING RETURNING 1
    ), new_entries AS (
        INSERT INTO public.entries
        SELECT tenant, account_id, version, transfer_id, posted,
            credits_posted - debits_posted, at
        FROM running WHERE posted <> 0 AND (SELECT holds FROM verdict)
    ), moved AS (
        UPDATE public.accounts a SET
            debits_posted = r.debits_posted, credits_posted = r.credits_posted,
            debits_pending = r.debits_pending, credits_pending = r.credits_pending,
            version = r.version
        FROM running r
        WHERE a.tenant_id = tenant AND a.id = r.account_id AND a.id = ANY (ids) AND r.is_last
            AND (SELECT holds FROM verdict)
    )
    SELECT CASE WHEN holds THEN (SELECT count(*) FROM new_transfers) END
    INTO written FROM verdict;
    IF written <> cardinality(items) THEN
        -- The same id went to other accounts, and committed since we looked.
        RAISE serialization_failure;
    END IF;
    RETURN written IS NOT NULL;
END
$$
--
-- Does items in their order, as if one by one: each has its outcome, a refused one stops no other.
CREATE FUNCTION ledger_post_many(p_items jsonb)
RETURNS TABLE (n integer, outcome text, detail jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
    tenant uuid := app.tenant();
    items public.ledger_item[];
    item public.ledger_item;
    -- The transfers that items resolve or reverse, and all accounts that are touched.
    firsts uuid[];
    ids uuid[];
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'ledger_post_many takes transfers of one tenant';
    END IF;
    SELECT array_agg(i ORDER BY i.n) INTO items
    FROM jsonb_populate_recordset(NULL::public.ledger_item, p_items) i;
    firsts := ARRAY(
        SELECT coalesce(i.pending_id, i.reverses_id) FROM unnest(items) i
        WHERE i.phase > 2 OR i.reverses_id IS NOT NULL
    );
    ids := ARRAY(
        SELECT i.debit_account_id FROM unnest(items) i
        UNION SELECT i.credit_account_id FROM unnest(items) i
        UNION SELECT t.debit_account_id FROM public.transfers t
            WHERE t.tenant_id = tenant AND t.id = ANY (firsts)
        UNION SELECT t.credit_account_id FROM public.transfers t
            WHERE t.tenant_id = tenant AND t.id = ANY (firsts)
    );
    -- All locks first and in order, in a statement of their own: the next one reads anew.
    PERFORM a.id FROM public.accounts a
    WHERE a.tenant_id = tenant AND a.id = ANY (ids)
    ORDER BY a.tenant_id, a.id FOR NO KEY UPDATE;
    IF public.ledger_post_plain(items, ids) THEN
        RETURN QUERY SELECT i.n, 'POSTED', '{}'::jsonb FROM unnest(items) i;
        RETURN;
    END IF;
    FOREACH item IN ARRAY coalesce(items, '{}') LOOP
        RETURN QUERY SELECT item.n, r.outcome, r.detail FROM public.ledger_apply(item) r;
    END LOOP;
END
$$
--
-- Does all items or none of them; gives false where the group was done before.
CREATE FUNCTION ledger_post_group(p_items jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    refused record;
    replayed bigint;
BEGIN
    SELECT r.outcome, r.detail, count(*) FILTER (WHERE r.outcome = 'REPLAYED') OVER () AS replayed
    INTO refused FROM public.ledger_post_many(p_items) r
    ORDER BY r.outcome IN ('POSTED', 'REPLAYED'), r.n LIMIT 1;
    replayed := coalesce(refused.replayed, 0);
    IF refused.outcome NOT IN ('POSTED', 'REPLAYED') THEN
        PERFORM public.ledger_refuse(refused.outcome, refused.detail);
    ELSIF replayed NOT IN (0, jsonb_array_length(p_items)) THEN
        -- Legs of it were posted in another company.
        PERFORM public.ledger_refuse('TRANSFER_ID_REUSED', '{}');
    END IF;
    RETURN replayed = 0;
END
$$
