-- Which of 1,024 groups of customers a decision belongs to. Traffic is split by customers, whose transactions are like one
-- another: comparisons of models take the groups for what is independent, not the transactions.
ALTER TABLE transaction_decision ADD COLUMN split_group INTEGER NOT NULL DEFAULT 0;
