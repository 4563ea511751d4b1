-- Reads no other setting, and so becomes a part of whatever calls it.
CREATE OR REPLACE FUNCTION ledger_clock() RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(
        nullif(current_setting('app.now', true), '')::timestamptz, clock_timestamp()
    )
$$
--
-- Says why an account did not take its part of a transfer; the other one, the debited or the
-- credited account, may have taken its part a moment ago, which does not count. Says nothing where
-- somebody gave way since: then the accounts are locked, and the part will be taken.
CREATE FUNCTION ledger_refuse_post(item ledger_item, is_debited boolean) RETURNS void
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    tenant uuid := app.tenant();
    posted bigint := CASE item.phase WHEN 1 THEN item.amount ELSE 0 END;
    held bigint := item.amount - posted;
    debit public.accounts;
    credit public.accounts;
    refusal record;
BEGIN
    PERFORM a.id FROM public.accounts a
    WHERE a.tenant_id = tenant AND a.id IN (item.debit_account_id, item.credit_account_id)
    ORDER BY a.tenant_id, a.id FOR NO KEY UPDATE;
    SELECT * INTO debit FROM public.accounts a
    WHERE a.tenant_id = tenant AND a.id = item.debit_account_id;
    SELECT * INTO credit FROM public.accounts a
    WHERE a.tenant_id = tenant AND a.id = item.credit_account_id;
    IF is_debited THEN
        debit.debits_posted := debit.debits_posted - posted;
        debit.debits_pending := debit.debits_pending - held;
    ELSIF NOT is_debited THEN
        credit.credits_posted := credit.credits_posted - posted;
        credit.credits_pending := credit.credits_pending - held;
    END IF;
    refusal := public.ledger_refusal(debit, credit, item);
    IF refusal.reason IS NOT NULL THEN
        PERFORM public.ledger_refuse(refusal.reason, refusal.detail);
    END IF;
END
$$
--
-- Posts or reserves one amount, in one round trip; gives false where it was done before.
CREATE OR REPLACE FUNCTION ledger_post(p_item jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    item public.ledger_item := jsonb_populate_record(NULL::public.ledger_item, p_item);
    tenant uuid := app.tenant();
    at timestamptz := public.ledger_clock();
    known public.transfers;
    posted bigint := CASE item.phase WHEN 1 THEN item.amount ELSE 0 END;
    held bigint := item.amount - posted;
    step integer := CASE item.phase WHEN 1 THEN 1 ELSE 0 END;
    -- The account with the lower id comes first, for everybody: nobody waits in a circle.
    is_debit boolean := item.debit_account_id < item.credit_account_id;
    debit record;
    credit record;
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
    -- Each account is locked, looked at and changed at once, as it is when its turn comes.
    FOR turn IN 1..2 LOOP
        LOOP
            IF is_debit THEN
                UPDATE public.accounts a SET
                    debits_posted = a.debits_posted + posted,
                    debits_pending = a.debits_pending + held,
                    version = a.version + step
                WHERE a.tenant_id = tenant AND a.id = item.debit_account_id AND a.unit = item.unit
                    AND NOT (a.is_closing AND item.phase = 2)
                    AND (a.guard <> 1
                        OR a.debits_posted + a.debits_pending + item.amount <= a.credits_posted)
                RETURNING a.version, a.credits_posted - a.debits_posted AS balance INTO debit;
            ELSE
                UPDATE public.accounts a SET
                    credits_posted = a.credits_posted + posted,
                    credits_pending = a.credits_pending + held,
                    version = a.version + step
                WHERE a.tenant_id = tenant AND a.id = item.credit_account_id AND a.unit = item.unit
                    AND NOT a.is_closing
                    AND (a.guard <> 2
                        OR a.credits_posted + a.credits_pending + item.amount <= a.debits_posted)
                RETURNING a.version, a.credits_posted - a.debits_posted AS balance INTO credit;
            END IF;
            EXIT WHEN FOUND;
            PERFORM public.ledger_refuse_post(item, CASE turn WHEN 2 THEN NOT is_debit END);
        END LOOP;
        is_debit := NOT is_debit;
    END LOOP;
    IF posted > 0 THEN
        -- The clock once more: behind the locks, an account's entries have times as they go up.
        at := public.ledger_clock();
        INSERT INTO public.entries VALUES
            (tenant, item.debit_account_id, debit.version, item.id, -posted, debit.balance, at),
            (tenant, item.credit_account_id, credit.version, item.id, posted, credit.balance, at);
    END IF;
    RETURN true;
END
$$
